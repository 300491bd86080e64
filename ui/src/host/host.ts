import type { BrowserShows } from "./bindings/BrowserShows";
import type { Action } from "./bindings/Action";
import type { AppError } from "./bindings/AppError";
import type { Boot } from "./bindings/Boot";
import type { Breakpoint } from "./bindings/Breakpoint";
import type { ClientFile } from "./bindings/ClientFile";
import type { ClientTable } from "./bindings/ClientTable";
import type { Comparison } from "./bindings/Comparison";
import type { Corrected } from "./bindings/Corrected";
import type { ClientText } from "./bindings/ClientText";
import type { Detail } from "./bindings/Detail";
import type { EdgeReport } from "./bindings/EdgeReport";
import type { EdgeRequest } from "./bindings/EdgeRequest";
import type { Finding } from "./bindings/Finding";
import type { Followed } from "./bindings/Followed";
import type { ObserveRequest } from "./bindings/ObserveRequest";
import type { Options } from "./bindings/Options";
import type { Registration } from "./bindings/Registration";
import type { Outcome } from "./bindings/Outcome";
import type { RecordingView } from "./bindings/RecordingView";
import type { Request } from "./bindings/Request";
import type { RevealedToken } from "./bindings/RevealedToken";
import type { Settings } from "./bindings/Settings";
import type { TokenSeen } from "./bindings/TokenSeen";
import type { TableRequest } from "./bindings/TableRequest";
import type { Understood } from "./bindings/Understood";
import type { Update } from "./bindings/Update";

/** A flow of a document; without a number its last one. */
export interface ComparedFlow {
  document: number;
  flow: number | null;
}

/** What the window asks of the program. Every promise rejects with an `AppError`. */
export interface Host {
  /** All the start screen needs. */
  boot(): Promise<Boot>;
  /** What a text that is not a URL may mean where the URL of a server is expected. */
  serversIn(text: string): Promise<Understood>;
  /** Reads the configuration files of other clients on this machine: names and URLs alone. */
  clientFiles(): Promise<ClientFile[]>;
  /** Updates arrive in batches, in order, none left out. */
  subscribe(onUpdates: (updates: Update[]) => void): Promise<void>;

  /** `lab`: the slug of a lab scenario; the server URL of the options is not used then. */
  start(options: Options, lab: string | null): Promise<void>;
  /** Puts a recording proxy before a server; it ends with `stop`. */
  observe(wanted: ObserveRequest): Promise<void>;
  /** Plays every known client against a server. Each row is told as it is known; resolves at the end. */
  playClients(wanted: TableRequest, onTable: (table: ClientTable) => void): Promise<ClientTable>;
  /**
   * The table that was played last; null before the first. While clients are being played each row is
   * told as it is known: so a window that was reloaded goes on with it.
   */
  followClients(onTable: (table: ClientTable) => void): Promise<ClientTable | null>;
  /** Ends the client that is being played, and plays no other. */
  stopClients(): Promise<void>;
  /** The table that was played last: Markdown, or JSON. */
  clientTableText(json: boolean): Promise<string>;
  /** Asks where to save the table. Answers null when nothing was chosen. */
  chooseTableFile(suggested: string): Promise<string | null>;
  /** Writes the table as JSON. Answers the path that was written. */
  saveClientTable(path: string): Promise<string>;
  /** Whether hosted clients can reach the server of the table; only for one of the user's own. */
  checkEdge(wanted: EdgeRequest): Promise<EdgeReport>;
  next(): Promise<void>;
  run(): Promise<void>;
  pause(): Promise<void>;
  stop(): Promise<void>;
  restart(): Promise<void>;
  /** Shows a document that is still open, such as a past run of this process. */
  reopen(document: number): Promise<void>;
  /** Opens a past run, also one of an earlier day. */
  openRun(id: string): Promise<void>;
  /** Writes the user's note to a past run. */
  noteRun(id: string, note: string): Promise<void>;
  /** It can be restored for ten seconds. */
  forgetRun(id: string): Promise<void>;
  restoreRun(id: string): Promise<void>;
  /** Past runs, settings and tokens. */
  forgetEverything(): Promise<void>;
  /** What differs between two open documents. */
  /** Two documents: of each the flow of this number, or the last one. */
  compare(a: ComparedFlow, b: ComparedFlow): Promise<Comparison>;
  /** Goes on where the specification says to stop. */
  goOn(): Promise<void>;
  /** Gives up the entries from `seq` on: the flow stands before entry `seq` again. */
  rewind(seq: number): Promise<void>;
  /** Replaces the prepared request; null puts back what the flow prepared. */
  edit(request: Request | null): Promise<void>;
  /** Where runs wait from now on, in place of where they did. */
  setBreakpoints(breakpoints: Breakpoint[]): Promise<void>;
  /** Lets the held answer through: as it came, or this in its place. */
  letThrough(changed: Outcome | null): Promise<void>;
  /** Sends the request of a row again, beside the flow: as it was, or this in its place. */
  resend(seq: number, request: Request | null, times: number): Promise<void>;

  /** Does what the view's `actions` offer; the exchanges come as updates. */
  act(action: Action): Promise<void>;
  /** Goes on with another of the servers that the resource metadata names. */
  chooseAuthorizationServer(issuer: string): Promise<void>;
  /** Becomes a client in another way, after a stop for want of one. */
  chooseRegistration(registration: Registration): Promise<void>;

  /** Takes the callback URL from the user instead of the listener. */
  pasteCallback(url: string): Promise<void>;
  /** Opens the authorization URL again. */
  openBrowser(): Promise<void>;
  /** Opens it in a browser whose pages are drawn, where the status says that it can be. */
  watchBrowser(): Promise<void>;
  /** Says what the browser shows, which the program cannot look into. */
  browserShows(shows: BrowserShows): Promise<void>;

  /** `secrets` is about the code that repeats a request only. */
  detail(seq: number, secrets: boolean): Promise<Detail>;

  /** What was sent, put right, where a finding says literally what is expected. */
  corrected(finding: Finding): Promise<Corrected | null>;
  /** Where a value stands in the run, and what is computed from it. */
  follow(value: string): Promise<Followed>;

  /** Every token of the run, those that are in use first. */
  tokensSeen(): Promise<TokenSeen[]>;

  revealToken(id: string): Promise<RevealedToken>;
  refreshToken(id: string): Promise<void>;
  deleteToken(id: string): Promise<void>;

  /** `format`: the id of one of the boot's formats. Answers the path that was written. */
  export(format: string, path: string, secrets: boolean): Promise<string>;
  /** The first lines that an export would write. */
  exportPreview(format: string, secrets: boolean): Promise<string>;
  /** All that an export would write, without secrets: for the clipboard. */
  exportText(format: string): Promise<string>;
  /** Asks where to save a file of this format. Answers null when nothing was chosen. */
  chooseFile(format: string, suggested: string): Promise<string | null>;

  /** Opens a recording or a text file; what is drawn comes as updates. */
  openFile(path: string): Promise<RecordingView>;
  /** The same with a text that was pasted. */
  openText(text: string): Promise<RecordingView>;
  /** Asks which recording to open. Answers null when nothing was chosen. */
  chooseRecording(): Promise<string | null>;
  /** Waits for the next file that was dropped on the window or that the system opens with it. */
  fileGiven(): Promise<string>;
  /** Waits until the window is to be closed while something is under way. */
  closeAsked(): Promise<void>;
  /** Closes the window and ends what is under way, or lets both be. */
  answerClose(close: boolean): Promise<void>;
  /** How large the page is drawn, of its usual size. */
  setZoom(zoom: number): Promise<void>;
  /** Asks for the window to be closed, as its button does. */
  close(): Promise<void>;
  /**
   * Gives the window its menus; `chosen` gets the command of an item. `bar`: above the page, where
   * the system has no other place for them.
   */
  setMenus(menus: Menu[], bar: boolean, chosen: (command: string) => void): Promise<void>;
  /** Which commands can be done now, and which of those that can be on are. */
  setMenuState(can: string[], on: string[]): Promise<void>;
  /** What is known of an error text that a client printed, the closest first. */
  explain(text: string): Promise<ClientText[]>;

  saveSettings(settings: Settings): Promise<void>;
  clearHistory(): Promise<void>;
  /** http and https only. */
  openLink(url: string): Promise<void>;
  /** A text is on the clipboard now. The program takes it off again after a minute when it holds a secret. */
  copied(text: string): Promise<void>;
}

/** One menu of the window. */
export interface Menu {
  title: string;
  items: MenuItem[];
}

export type MenuItem =
  | { is: "command"; id: string; title: string; keys: string[]; checks: boolean }
  | { is: "line" }
  /** Undo, cut, copy, paste and what else the system knows of texts. */
  | { is: "editing" };

/** The rejection of a command, whatever shape it came in. */
export function asAppError(reason: unknown): AppError {
  if (typeof reason === "object" && reason !== null && "message" in reason) {
    const { code, message, hint } = reason as Partial<AppError>;
    return { code: code ?? "not_now", message: String(message), hint: hint ?? null };
  }
  return { code: "not_now", message: String(reason), hint: null };
}

/** The rejection of a command as one text. */
export function inWords(reason: unknown): string {
  const { message, hint } = asAppError(reason);
  return hint ? `${message}. ${hint}` : message;
}
