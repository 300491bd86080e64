import type { AppError } from "./bindings/AppError";
import type { Comparison } from "./bindings/Comparison";
import type { Detail } from "./bindings/Detail";
import type { Settings } from "./bindings/Settings";
import type { Update } from "./bindings/Update";
import { SECRETS } from "./fixtures/places";
import kept from "./fixtures/comparison.json";
import { boot, past } from "./fixtures/boot";
import { fixture } from "./fixtures/index";
import type { Fixture } from "./fixtures/script";
import type { Host } from "./host";
import { noServerMetadata } from "./fixtures/failures";
import { healthy } from "./fixtures/flow";
import type { Script } from "./fixtures/script";
import { TOUR } from "./guide";
import { POLLS, Play } from "./play";
import { PlayedClients } from "./playedClients";
import { KNOWN, PIECES, RECORDING } from "./fixtures/recording";

/** Between two steps of a run, milliseconds. */
const PACE = 90;

const comparison = kept as Comparison;
const SAME = "No difference that matters in 11 steps.";
const NOT_KEPT =
  "This run is not being kept: /home/ada/.local/share/authscope/runs could not be written (No space left on device). The run itself goes on.";

/** What a page is told in place of the button of a window that closes it. */
const CLOSE = "fake-close";
/** And in place of a menu: its detail is the command. */
const CHOOSE = "fake-menu";

/** Plays a fixture in a browser, for development and tests: no program, no network. */
export function fakeHost(query: URLSearchParams): Host {
  const chosen = fixture(query);
  let tell: (updates: Update[]) => void = () => {};
  const clients = new PlayedClients();
  const play = new Play(chosen.script, chosen.boot.vault, (update) => tell([update]));
  if (query.has("not-kept")) play.notKept = NOT_KEPT;
  let history = chosen.boot.history;
  let forgotten = history;
  let settings: Settings = chosen.boot.settings;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let polls: ReturnType<typeof setTimeout> | undefined;

  let touring = false;
  let choose: (command: string) => void = () => {};
  addEventListener(CHOOSE, (event) => choose((event as CustomEvent<string>).detail));

  const refused = (): void => {
    if (chosen.refuses)
      throw error(
        "file",
        "The disk is full: settings.json could not be written",
        "Make room and try again.",
      );
  };
  const keepPolling = (): void => {
    clearTimeout(polls);
    if (!play.awaitsDevice) return;
    polls = setTimeout(() => {
      if (play.poll()) keepPolling();
      else keepRunning();
    }, POLLS * 1_000);
  };
  const keepRunning = (): void => {
    clearTimeout(timer);
    if (!play.running) return;
    timer = setTimeout(() => {
      if (play.breaks()) return;
      play.step();
      keepPolling();
      keepRunning();
    }, PACE);
  };

  return {
    boot: async () => ({ ...chosen.boot, history, settings }),
    serversIn: async (text) => {
      const url = /^[\w.-]+\.\w+(\/\S*)?$/.test(text)
        ? `https://${text}`
        : /https:[^\s"']+/.exec(text)?.[0];
      const name = /"(\w+)": ?\{ ?"url"/.exec(text)?.[1] ?? null;
      if (url === undefined || url === text) return { what: "", servers: [] };
      const what = text.includes("{") ? "The client configuration names" : "Did you mean";
      return { what, servers: [{ name, url, note: null }] };
    },
    clientFiles: async () => [
      {
        client: "Cursor",
        path: "/home/ada/.cursor/mcp.json",
        problem: null,
        servers: [
          { name: "notes", url: "https://mcp.example.dev/notes", note: null },
          {
            name: "files",
            url: null,
            note: "a program on this machine: there is no OAuth to look at",
          },
        ],
      },
      {
        client: "VS Code",
        path: "/home/ada/.config/Code/User/mcp.json",
        problem: "EOF while parsing a value at line 3 column 1",
        servers: [],
      },
    ],
    subscribe: async (onUpdates) => {
      tell = onUpdates;
      if (chosen.played !== undefined) setUp(play, chosen);
      keepPolling();
    },

    start: async (options, lab) => {
      if (lab === null) check(options.server_url);
      refused();
      if (chosen.boot.history === history && lab === null) {
        history = [
          past(options.server_url, Date.now() * 1_000, "ended", {
            summary: "Ended by hand",
            document: play.document + 1,
          }),
          ...history,
        ];
      }
      touring = TOUR.legs.some((leg) => leg.lab === lab);
      const script = touring ? tourScript(lab) : chosen.script;
      play.begin(lab === null ? options.server_url : script.serverUrl, script);
    },
    observe: async (wanted) => {
      check(wanted.options.server_url);
      refused();
      play.observe(chosen.script.serverUrl, "http://127.0.0.1:23374/mcp");
    },
    playClients: async (wanted, onTable) => {
      refused();
      const url = wanted.options?.server_url ?? chosen.script.serverUrl;
      if (wanted.lab === null) check(url);
      return clients.play(url, PACE, onTable);
    },
    followClients: (onTable) => clients.follow(PACE, onTable),
    stopClients: async () => clients.stop(),
    clientTableText: async (json) => (json ? "{}" : "| client | outcome |"),
    chooseTableFile: async (suggested) => suggested,
    saveClientTable: async (path) => path,
    checkEdge: async () => clients.edge(),
    next: async () => {
      refused();
      play.step();
      // Nobody logs in on the tour.
      if (touring) play.callback();
      keepPolling();
    },
    run: async () => {
      refused();
      play.setRunning(true);
      keepRunning();
    },
    pause: async () => play.setRunning(false),
    stop: async () => play.end(),
    restart: async () => play.begin(),
    reopen: async () => play.tellAll(),
    openRun: async () => {
      play.begin();
      play.setRunning(true);
      keepRunning();
    },
    noteRun: async (id, note) => {
      history = history.map((run) => (run.id === id ? { ...run, note } : run));
    },
    forgetRun: async (id) => {
      forgotten = history;
      history = history.filter((run) => run.id !== id);
    },
    restoreRun: async () => {
      history = forgotten;
    },
    forgetEverything: async () => {
      history = [];
      settings = boot(true).settings;
    },
    compare: async (a, b) => {
      const all = Number(query.get("flows") ?? 1);
      const flows = { a: a.flow ?? all, of_a: all, b: b.flow ?? 1, of_b: 1 };
      if (a.document === b.document) {
        return { ...comparison, same: true, sentence: SAME, first: null, rows: [], flows };
      }
      return { ...comparison, flows };
    },
    goOn: async () => play.goOn(),
    rewind: async (seq) => play.rewind(seq),
    edit: async (request) => play.edit(request),
    setBreakpoints: async (breakpoints) => play.setBreakpoints(breakpoints),
    letThrough: async (changed) => {
      play.letThrough(changed);
      keepRunning();
    },
    resend: async (seq, request, times) => play.resend(seq, request, times),

    act: async (action) => {
      refused();
      if (!play.act(action)) {
        throw error(
          "not_now",
          `The action ${action.kind} is not possible now`,
          "There has to be a token first.",
        );
      }
    },
    chooseAuthorizationServer: async (issuer) => {
      refused();
      play.chooseIssuer(issuer);
    },
    chooseRegistration: async (registration) => {
      refused();
      play.chooseClient(registration);
    },

    pasteCallback: async (url) => {
      if (!URL.canParse(url)) {
        throw error(
          "invalid",
          `The callback URL ${JSON.stringify(url)} is not a URL`,
          "Copy it whole from the browser's address bar.",
        );
      }
      play.callback();
      keepRunning();
    },
    openBrowser: async () => {
      throw error(
        "browser",
        "No browser could be started: xdg-open is not there",
        "Copy the URL and open it yourself.",
      );
    },
    watchBrowser: async () => {
      refused();
      play.watchBrowser();
    },
    browserShows: async (shows) => play.browserShows(shows),

    detail: async (seq, secrets): Promise<Detail> => play.detail(seq, secrets),

    corrected: async ({ part, expected }) =>
      part?.is === "response_header" && expected !== null
        ? { what: "header", text: `${part.name}: ${expected}` }
        : null,
    tokensSeen: async () => play.tokensSeen(),
    follow: async (value) => play.follow(value),

    revealToken: async () => SECRETS,
    refreshToken: async () => refused(),
    deleteToken: async (id) => play.deleteToken(id),

    export: async (_, path) => {
      refused();
      if (!path.startsWith("/")) {
        throw error(
          "file",
          `The path ${JSON.stringify(path)} is not absolute`,
          "Begin it with a slash, or use Browse…",
        );
      }
      return path;
    },
    exportPreview: async (format, secrets) => preview(format, secrets),
    exportText: async (format) => preview(format, false),
    chooseFile: async (_, suggested) =>
      suggested.replace(/[^/]*$/, `chosen${extension(suggested)}`),

    openFile: async (path) => {
      if (path.endsWith(".bin")) throw error("file", `${path}: expected a recording`, null);
      play.open(RECORDING);
      return RECORDING;
    },
    openText: async (text) => {
      if (/registration/.test(text) && !/curl|HTTP/.test(text)) {
        return { ...RECORDING, by: "Pasted text", exchanges: 0, known: KNOWN, next: null };
      }
      if (!/[{=:|]/.test(text)) throw error("file", "expected a text with evidence", null);
      const recording = { ...RECORDING, by: "Pasted text", pieces: PIECES, unrelated: 0 };
      play.open(recording);
      return recording;
    },
    chooseRecording: async () => "/home/user/inspector.har",
    fileGiven: () => new Promise(() => {}),
    closeAsked: () => new Promise((asked) => addEventListener(CLOSE, () => play.goesOn && asked())),
    answerClose: async (close) => {
      if (close) play.end();
      document.documentElement.dataset.closed = String(close);
    },
    setZoom: async (zoom) => {
      // A browser's own zoom is out of reach for a page.
      document.body.style.setProperty("zoom", String(zoom));
    },
    close: async () => {
      dispatchEvent(new Event(CLOSE));
    },
    setMenus: async (menus, bar, chosen) => {
      document.documentElement.dataset.menus = JSON.stringify({ menus, bar });
      choose = chosen;
    },
    setMenuState: async (can, on) => {
      document.documentElement.dataset.menuState = JSON.stringify({ can, on });
    },
    explain: async (text) => (/registration/i.test(text) ? KNOWN : []),

    saveSettings: async (changed) => {
      settings = changed;
    },
    clearHistory: async () => {
      history = [];
    },
    openLink: async () => {},
    copied: async (text) => {
      document.documentElement.dataset.copied = text;
    },
  };
}

function setUp(play: Play, { played = 0, rewound }: Fixture): void {
  play.begin();
  for (let at = 0; at < played && play.canStep(); at += 1) {
    play.step();
    // "To the end" is past the log-in too.
    if (played === Infinity) {
      play.callback();
      while (play.poll());
    }
  }
  if (rewound === undefined) return;
  play.rewind(rewound.to);
  play.skip();
  for (let at = 0; at < rewound.then; at += 1) play.step();
}

function tourScript(lab: string | null): Script {
  return lab === TOUR.legs[0]?.lab ? healthy() : noServerMetadata();
}

function check(url: string): void {
  const shown = JSON.stringify(url);
  if (!URL.canParse(url)) {
    throw error(
      "invalid",
      `The server URL ${shown} is not a URL`,
      "It looks like https://mcp.example.dev/mcp.",
    );
  }
  if (!/^https?:/.test(url)) {
    throw error(
      "invalid",
      `The server URL has the scheme ${new URL(url).protocol} but http or https is needed`,
      null,
    );
  }
}

/** About what the program would write. */
function preview(format: string, secrets: boolean): string {
  if (format === "svg") return PICTURE;
  if (format === "markdown") return REPORT;
  if (format !== "text")
    return JSON.stringify({ format, secrets: secrets ? SECRETS.access_token : "redacted" });
  return [
    "      Authscope                          MCP server",
    "          |                                  |",
    "          | 1 POST /mcp initialize           |",
    "          |--------------------------------->|",
    "          | 401 needs authorization          |",
    "          |<- - - - - - - - - - - - - - - - -|",
  ].join("\n");
}

const PICTURE =
  '<svg xmlns="http://www.w3.org/2000/svg" width="600" height="90" viewBox="0 0 600 90" ' +
  'font-family="sans-serif" font-size="12"><rect width="600" height="90" fill="#fff"/>' +
  '<path d="M60 30V90M320 30V90" stroke="#aaa"/><text x="40" y="20">Authscope</text>' +
  '<text x="290" y="20">MCP server</text><path d="M60 54H320" stroke="#2f5bea"/>' +
  '<text x="74" y="48">POST /mcp initialize</text></svg>';

const REPORT = [
  "# OAuth of `https://mcp.example/mcp`",
  "",
  "**✓ The flow works: the MCP server took the token and listed 3 tools.**",
  "",
  "## What happened",
].join("\n");

function extension(path: string): string {
  return /\.\w+$/.exec(path)?.[0] ?? "";
}

function error(code: AppError["code"], message: string, hint: string | null): AppError {
  return { code, message, hint };
}
