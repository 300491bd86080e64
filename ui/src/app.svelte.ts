import { getContext, setContext } from "svelte";

import type { BrowserShows } from "./host/bindings/BrowserShows";
import { Comparing } from "./compare/comparing.svelte";
import { Clients } from "./clients/clients.svelte";
import type { Wanted } from "./clients/clients.svelte";
import { keyOf } from "./findings/words";
import { askWhenClosed, mayAct, mayLeave } from "./leaving";
import { Terms } from "./guide/terms";
import { Tour } from "./guide/tour.svelte";
import type { ActionKind } from "./host/bindings/ActionKind";
import type { Boot } from "./host/bindings/Boot";
import type { Breakpoint } from "./host/bindings/Breakpoint";
import type { ClientText } from "./host/bindings/ClientText";
import type { Finding } from "./host/bindings/Finding";
import type { FormatKind } from "./host/bindings/FormatKind";
import type { Group } from "./host/bindings/Group";
import type { NextStep } from "./host/bindings/NextStep";
import type { ObserveRequest } from "./host/bindings/ObserveRequest";
import type { Options } from "./host/bindings/Options";
import type { Part } from "./host/bindings/Part";
import type { RecordingView } from "./host/bindings/RecordingView";
import type { Settings } from "./host/bindings/Settings";
import type { Theme } from "./host/bindings/Theme";
import type { ToolCall } from "./host/bindings/ToolCall";
import type { Host } from "./host/host";
import { copy } from "./shared/clipboard";
import type { Sign } from "./shared/sign";
import { Look } from "./shared/look.svelte";
import { Messages } from "./shared/messages.svelte";
import { Questions } from "./shared/questions.svelte";
import { Following } from "./trace/following.svelte";
import { Log } from "./trace/log.svelte";
import { Selection } from "./trace/selection.svelte";

export type Panel =
  | "tokens"
  | "call"
  | "actions"
  | "export"
  | "edit"
  | "answer"
  | "breakpoints"
  | "palette"
  | "shortcuts"
  | "detail"
  | "row"
  | "resend"
  | "repeat";
/** A run that can be come back to. */
export interface Run {
  document: number;
  url: string;
  sign: Sign;
  /** How it stands, and what was found. */
  state: string;
  title: string;
}

export const TABS = [
  "next",
  "request",
  "response",
  "timing",
  "decoded",
  "findings",
  "curl",
  "checks",
  "tokens",
] as const;
export type Tab = (typeof TABS)[number];
/** These are about the run, and not about the row that is selected. */
export const OF_RUN: readonly Tab[] = ["next", "findings", "checks", "tokens"];

/** Below this the detail pane becomes a sheet over the diagram. */
export const NARROW = 1040;

/** What the window knows and can do. One for the whole page. */
export class App {
  readonly host: Host;
  readonly log = new Log();
  readonly selection = new Selection(this.log);
  readonly messages = new Messages();
  readonly look = new Look();
  readonly questions = new Questions();
  readonly following: Following;
  readonly clients: Clients;
  readonly comparing = new Comparing(this);
  /** The guided first run. */
  readonly tour = new Tour(this);

  boot = $state.raw<Boot | null>(null);
  /** Why the program could not tell what the start screen needs. */
  bootError = $state<unknown>(null);
  screen = $state<"start" | "run" | "compare" | "clients">("start");
  panel = $state<Panel | null>(null);
  tab = $state<Tab>("response");
  /** The findings tab shows the whole run, not only the selected row. */
  wholeRun = $state(true);
  /** The part of the selected row that was asked for: its place in the message is scrolled to. */
  spot = $state.raw<Part | null>(null);
  /** The finding whose details are open in the list. */
  opened = $state<string | null>(null);
  /** The runs of this window, newest first: none is thrown away. */
  runs = $state.raw<Run[]>([]);
  /** What the user said the browser shows, for each run. */
  #browserShows = $state.raw(new Map<number, BrowserShows>());
  /** The client that was given the URL of the proxy, by its snippet: it has to be taken back. */
  pointed = $state.raw<{ document: number; client: string } | null>(null);
  narrow = $state(false);
  theme = $state<Theme>("system");
  /** The message that is shown is searched. */
  finding = $state(false);
  /** Opens the search of a long body, which draws only the lines in sight; null where there is none. */
  searchBody = $state.raw<(() => void) | null>(null);
  /** Fold parts of the diagram, which knows them; null where there is none. */
  foldSelected = $state.raw<(() => void) | null>(null);
  foldGivenUp = $state.raw<(() => void) | null>(null);
  /** Starts a run with what the start screen holds; null where it holds too little or is not shown. */
  begin = $state.raw<((toEnd: boolean) => void) | null>(null);
  /** The kind of format that the export begins with. */
  exportKind = $state<FormatKind | null>(null);
  /** The start screen's field is to have the focus: counted, since it may be wanted again. */
  fieldWanted = $state(0);
  /** The group of options that the palette asked for. */
  wantedOptions = $state<Group | null>(null);
  /** The lab scenario of the last start, to come back to. */
  lastLab: string | null = null;
  /** What was asked of a tool last, to begin the next call with. */
  lastCall: ToolCall | null = null;
  /** The recording that is being read: a large one takes a while. */
  opening = $state<string | null>(null);
  /** What is known of the error of a client in what was opened last. */
  known = $state.raw<ClientText[]>([]);
  /** The parts of the diagram that are folded away, each by its first row. */
  folded = $state.raw<ReadonlySet<number>>(new Set());
  /** What was told to leave by hand. */
  #leaving = $state.raw<NextStep | null>(null);
  /** A command is on its way; the next Enter waits for it. */
  busy = $state(false);
  /** macOS has a place for menus outside of the window. */
  readonly alwaysHasMenus = /\bMac\b|Macintosh/.test(navigator.userAgent);

  /** The words of the field, to be found in texts. */
  readonly terms = $derived(new Terms(this.boot?.terms ?? []));
  readonly status = $derived(this.log.view?.status ?? null);
  readonly canStep = $derived(
    this.screen === "run" && this.status?.is === "ready" && this.log.view?.next != null,
  );
  /** The browser or the keychain has the user. */
  readonly waits = $derived(this.status?.is.startsWith("awaiting_") ?? false);
  readonly canPause = $derived(this.screen === "run" && (this.log.view?.running ?? false));
  /** The request that leaves next; while its answer is waited for, it stays. */
  readonly ahead = $derived(
    this.log.view?.next ?? (this.status?.is === "sending" ? this.#leaving : null),
  );
  readonly over = $derived(["stopped", "done", "ended"].includes(this.status?.is ?? "ended"));
  /** The run before the one that is shown. */
  readonly before = $derived(
    this.runs.find((run) => run.document < this.log.document)?.document ?? null,
  );
  readonly canGoOn = $derived(this.status?.is === "stopped" && this.status.can_go_on);
  readonly canRewind = $derived(
    this.screen === "run" &&
      this.selection.seq !== null &&
      !this.log.abandoned(this.selection.seq) &&
      !this.#isRewind(),
  );

  /** Something stands before the page that has to be answered or closed first. */
  get hasDialog(): boolean {
    return this.panel !== null || this.clients.wanted !== null || this.questions.asked !== null;
  }
  /** There is a run that waits for breakpoints. */
  readonly canBreak = $derived(this.screen === "run" && (this.log.view?.can_step ?? false));
  /** A row can be sent again: there is a run, and it does nothing now. */
  readonly canResend = $derived(
    this.canBreak && ["ready", "stopped", "done"].includes(this.status?.is ?? ""),
  );
  /** The answer that waits before the flow, if there is one. */
  readonly held = $derived(
    this.screen === "run" && this.status?.is === "answer_held" ? this.status : null,
  );

  /** The run goes to its end by itself; the next one like it does so too. */
  #toEnd = false;
  /** The document that was over when it was last heard of. */
  #wasOver = 0;
  /** The row to show once its run is. */
  #wanted: { document: number; seq: number } | null = null;
  /** Nothing was started from this window yet, and nothing was heard. */
  #fresh = true;

  constructor(host: Host) {
    this.host = host;
    this.clients = new Clients(host);
    this.following = new Following(host, (action) => this.do(action));
  }

  async open(): Promise<void> {
    try {
      this.boot = await this.host.boot();
      this.theme = this.boot.settings.theme;
      await this.host.subscribe((updates) => {
        // A window that was reloaded in the middle of a run goes on with it.
        if (this.#fresh) this.screen = "run";
        this.#fresh = false;
        const before = this.log.document;
        const length = this.log.length;
        this.log.receive(updates);
        if (this.log.document !== before) {
          this.selection.clear();
          this.folded = new Set();
          this.following.end();
        } else if (this.log.length !== length) this.following.again();
        const next = this.log.view?.next ?? null;
        if (this.status?.is !== "sending" && next !== this.#leaving) this.#leaving = null;
        this.selection.newest();
        this.#showWanted();
        this.#note();
        if (this.over && this.#wasOver !== this.log.document) this.#ended();
        this.#wasOver = this.over ? this.log.document : 0;
      });
      void this.#takeFiles();
      void askWhenClosed(this);
      this.clients
        .follow(() => {
          this.#fresh = false;
          this.screen = "clients";
        })
        .catch((reason: unknown) => this.messages.refuse(reason));
    } catch (reason) {
      this.bootError = reason;
    }
  }

  /** Rejects with an `AppError` when the run cannot start: the start screen says so at the field. */
  async start(options: Options, lab: string | null, run: boolean): Promise<void> {
    this.#fresh = false;
    await this.host.start(options, lab);
    this.#show();
    this.#toEnd = run;
    if (run) await this.do(() => this.host.run());
  }

  /** Rejects with an `AppError` when nothing can be observed: the sheet says so. */
  async observe(wanted: ObserveRequest): Promise<void> {
    this.#fresh = false;
    await this.host.observe(wanted);
    this.#show();
    this.#toEnd = false;
  }

  /** Plays every known client. Rejects with an `AppError` when that cannot be: the sheet says so. */
  async playClients(wanted: Wanted, consent: boolean, login: boolean): Promise<void> {
    await this.clients.play(wanted, consent, login);
    this.clients.wanted = null;
    this.panel = null;
    this.screen = "clients";
  }

  /** Asks what is to be agreed to before clients are played against the server of this run. */
  askForClients(): void {
    const url = this.log.view?.server_url ?? "";
    this.clients.wanted = { url, options: null, lab: null };
  }

  /** Back from the table to the run that was shown. */
  toRun(): void {
    this.screen = "run";
  }

  /** The same run once more, as far as the one before went by itself. That one stays open. */
  async again(): Promise<void> {
    if (!(await mayLeave(this))) return;
    const toEnd = this.#toEnd;
    if (!(await this.do(() => this.host.restart()))) return;
    this.#show();
    if (toEnd) await this.do(() => this.host.run());
  }

  /** The same run once more, to its end, and then the two side by side. */
  async againAndCompare(): Promise<void> {
    const before = this.log.document;
    if (!(await this.do(() => this.host.restart()))) return;
    this.#show();
    this.#toEnd = true;
    this.comparing.withNext(before);
    await this.do(() => this.host.run());
  }

  get browserShows(): BrowserShows | null {
    return this.#browserShows.get(this.log.document) ?? null;
  }

  /** Tells the program what the browser shows: where there is no way on, it looks at the page itself. */
  async showsInBrowser(shows: BrowserShows): Promise<void> {
    this.#browserShows = new Map(this.#browserShows).set(this.log.document, shows);
    await this.do(() => this.host.browserShows(shows));
  }

  /** The row that was asked for, now that its run is shown. */
  #showWanted(): void {
    const wanted = this.#wanted;
    if (wanted?.document !== this.log.document || !this.log.row(wanted.seq)) return;
    this.#wanted = null;
    this.show(wanted.seq);
  }

  /** Keeps what is known of the run that is shown among the others. */
  #note(): void {
    const { document, view, answer } = this.log;
    if (document === 0 || !view) return;
    const title = answer.finding?.title ?? answer.text;
    const run = { document, url: view.server_url, sign: answer.sign, state: answer.state, title };
    const others = this.runs.filter((one) => one.document !== document);
    this.runs = [...others, run].sort((a, b) => b.document - a.document);
  }

  /** The run has come to its end: what shows the answer is selected. */
  #ended(): void {
    const { finding } = this.log.answer;
    if (finding?.exchange != null && this.selection.following)
      this.selection.pick(finding.exchange);
    this.comparing.ended(this.log.document);
  }

  /** Shows a run of this process again, as it was left. */
  async reopen(document: number): Promise<void> {
    this.#fresh = false;
    this.comparing.forget();
    if (await this.do(() => this.host.reopen(document))) this.#show();
  }

  /** Opens a run that was kept. */
  async openPast(id: string): Promise<void> {
    this.#fresh = false;
    this.comparing.forget();
    if (await this.do(() => this.host.openRun(id))) this.#show();
  }

  /** Shows a row of another run. */
  async reopenAt(document: number, seq: number): Promise<void> {
    if (document === this.log.document) {
      this.comparing.leave();
      this.show(seq);
      return;
    }
    this.#wanted = { document, seq };
    await this.reopen(document);
  }

  /** Opens a recording that was chosen, dropped or given by the system. */
  async openFile(path: string): Promise<void> {
    const name = path.split(/[\\/]/).at(-1) ?? path;
    await this.#open(name, () => this.host.openFile(path));
  }

  /** Judges a text that was pasted. */
  async openText(text: string): Promise<void> {
    await this.#open("what was pasted", () => this.host.openText(text));
  }

  /** Asks for a recording and opens it. */
  async chooseRecording(): Promise<void> {
    await this.do(async () => {
      const path = await this.host.chooseRecording();
      if (path !== null) await this.openFile(path);
    });
  }

  /** Opens whatever comes from outside the window, one after the other. */
  async #takeFiles(): Promise<void> {
    for (;;) await this.openFile(await this.host.fileGiven());
  }

  async #open(what: string, open: () => Promise<RecordingView>): Promise<void> {
    this.#fresh = false;
    this.known = [];
    this.opening = what;
    await this.do(async () => {
      const recording = await open();
      this.known = recording.known;
      // Words alone are explained on the start screen.
      if (recording.exchanges === 0) this.screen = "start";
      else this.#show();
    });
    this.opening = null;
  }

  #show(): void {
    this.tour.leave();
    this.selection.clear();
    this.messages.clear();
    this.tab = "response";
    this.wholeRun = true;
    this.spot = null;
    this.opened = null;
    this.following.end();
    this.lastCall = null;
    this.screen = "run";
  }

  async toStart(): Promise<void> {
    this.panel = null;
    this.tour.leave();
    this.screen = "start";
    await this.do(async () => (this.boot = await this.host.boot()));
  }

  /** To the field that takes whatever is pasted. */
  async toField(): Promise<void> {
    if (this.screen !== "start") await this.toStart();
    this.fieldWanted += 1;
  }

  /** Asks how the run is to be written to a file; with a kind, that one is chosen first. */
  export(kind: FormatKind | null = null): void {
    this.exportKind = kind;
    this.panel = "export";
  }

  /** Does something that may be refused, and says so when it is. True when it was done. */
  async do(action: () => Promise<unknown>): Promise<boolean> {
    this.busy = true;
    try {
      await action();
      return true;
    } catch (reason) {
      this.messages.refuse(reason);
      return false;
    } finally {
      this.busy = false;
    }
  }

  async next(): Promise<void> {
    if (!this.canStep || this.busy) return;
    this.#toEnd = false;
    this.selection.follow();
    this.#leaving = this.log.view?.next ?? null;
    await this.do(() => this.host.next());
  }

  async run(): Promise<void> {
    if (!this.canStep || this.busy) return;
    this.#toEnd = true;
    this.selection.follow();
    await this.do(() => this.host.run());
  }

  async rewind(): Promise<void> {
    const { seq } = this.selection;
    if (seq === null || !this.canRewind) return;
    await this.do(() => this.host.rewind(seq));
  }

  get breakpoints(): Breakpoint[] {
    return this.log.view?.breakpoints.map(({ breakpoint }) => breakpoint) ?? [];
  }

  /** The held answer goes on to the flow as it came. */
  async letThrough(): Promise<void> {
    if (!this.held || this.busy) return;
    this.selection.follow();
    await this.do(() => this.host.letThrough(null));
  }

  can(kind: ActionKind): boolean {
    return this.screen === "run" && !this.busy && (this.log.view?.actions.includes(kind) ?? false);
  }

  /** Does something with the tokens or the client; what comes of it is selected as it comes. */
  async act(kind: ActionKind, call: ToolCall | null = null): Promise<boolean> {
    if (!this.can(kind) || !(await mayAct(this, kind))) return false;
    this.selection.follow();
    const done = await this.do(() => this.host.act({ kind, call }));
    if (done && this.panel !== null) this.panel = null;
    return done;
  }

  /** Forgets a past run, which can be restored for a while. */
  async forgetRun(id: string): Promise<void> {
    const reread = async () => (this.boot = await this.host.boot());
    const done = await this.do(async () => {
      await this.host.forgetRun(id);
      await reread();
    });
    if (!done) return;
    this.messages.offer("The run is forgotten.", "Undo", () =>
      this.do(async () => {
        await this.host.restoreRun(id);
        await reread();
      }),
    );
  }

  /** Looks at an entry, e.g. the one a finding is about. */
  show(seq: number, tab?: Tab): void {
    this.selection.pick(seq);
    this.spot = null;
    if (tab) this.tab = tab;
    if (this.narrow) this.panel = "detail";
  }

  /** Goes to the marked place in the message of a row. */
  showPart(seq: number, part: Part | null): void {
    this.show(seq, part?.is.startsWith("request_") ? "request" : "response");
    this.spot = part;
  }

  /** Searches the message of the selected row. */
  find(): void {
    if (this.selection.seq === null) return;
    if (this.tab !== "request" && this.tab !== "response") this.tab = "response";
    if (this.narrow) this.panel = "detail";
    this.finding = true;
  }

  /** Opens the details of a finding in the list. */
  showFinding(finding: Finding): void {
    this.opened = keyOf(finding);
    this.showFindings(true);
  }

  /** Goes from the diagram into the details of the selected row. */
  openDetail(): void {
    if (this.narrow) this.panel = "detail";
    else
      document.querySelector<HTMLElement>("[data-detail] [role=tab][data-state=active]")?.focus();
  }

  /** Folds a part of the diagram away, or shows it again. */
  fold(first: number): void {
    const folded = new Set(this.folded);
    if (!folded.delete(first)) folded.add(first);
    this.folded = folded;
  }

  /** Shows the whole request that leaves next. */
  showNext(): void {
    this.tab = "next";
    if (this.narrow) this.panel = "detail";
  }

  showFindings(wholeRun: boolean): void {
    this.wholeRun = wholeRun;
    this.tab = "findings";
    if (this.narrow) this.panel = "detail";
  }

  /** Puts the report on the clipboard, as text for an issue or a chat. */
  async copyReport(): Promise<void> {
    await this.do(async () => {
      const copied = await copy(await this.host.exportText("markdown"));
      if (copied) this.messages.tell("The report is copied, without secrets.");
      else this.messages.refuse({ message: "The clipboard refused the report" });
    });
  }

  async setTheme(theme: Theme): Promise<void> {
    this.theme = theme;
    await this.save({ theme });
  }

  async save(changed: Partial<Settings>): Promise<void> {
    if (!this.boot) return;
    const settings = { ...this.boot.settings, ...changed };
    this.boot = { ...this.boot, settings };
    await this.do(() => this.host.saveSettings(settings));
  }

  #isRewind(): boolean {
    const { seq } = this.selection;
    return seq !== null && this.log.row(seq)?.kind.is === "rewound";
  }
}

const KEY = Symbol("app");

export function provideApp(app: App): App {
  return setContext(KEY, app);
}

export function useApp(): App {
  return getContext(KEY);
}
