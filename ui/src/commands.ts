import { TABS } from "./app.svelte";
import type { App, Tab } from "./app.svelte";
import { canBeFixed } from "./findings/answer";
import { groupsOf } from "./flow/actions";
import type { Theme } from "./host/bindings/Theme";
import { isCharacter } from "./shared/keys";

/** Something that can be done by key, by button or from the palette. */
export interface Command {
  id: string;
  title: string;
  /** The first is shown. */
  keys: string[];
  /** Absent: always. */
  when?: (app: App) => boolean;
  /** For what is on or off: whether it is on. */
  on?: (app: App) => boolean;
  /** It can be done while a dialog is open, too. */
  anywhere?: true;
  do: (app: App) => unknown;
}

/** Those that do not show a part of the selected row. */
const TAB_TITLES: Partial<Record<Tab, string>> = {
  next: "The whole request that leaves next",
  findings: "Show the findings",
  curl: "Code that repeats the selected row",
  checks: "What became of every rule",
  tokens: "Every token of the run",
};

const THEMES: [Theme, string][] = [
  ["light", "Light theme"],
  ["dark", "Dark theme"],
  ["system", "Theme of the system"],
];

const running = (app: App) => app.screen === "run";

export const COMMANDS: Command[] = [
  {
    id: "start",
    title: "Find the problem",
    keys: [],
    when: (app) => app.begin !== null,
    do: (app) => app.begin?.(true),
  },
  {
    id: "start-step",
    title: "Step through",
    keys: [],
    when: (app) => app.begin !== null,
    do: (app) => app.begin?.(false),
  },
  {
    id: "tour-next",
    title: "Go on with the tour",
    keys: ["Enter"],
    when: (app) => running(app) && app.tour.canGoOn,
    do: (app) => app.tour.goOn(),
  },
  {
    id: "tour-leave",
    title: "Leave the tour",
    keys: ["Escape"],
    when: (app) => running(app) && app.tour.leg !== null && app.following.value === null,
    do: (app) => app.tour.leave(),
  },
  {
    id: "next",
    title: "Send next",
    keys: ["Enter", "Ctrl+Enter"],
    when: (app) => app.canStep,
    do: (app) => app.next(),
  },
  {
    id: "run",
    title: "Run to end",
    keys: ["Shift+Enter"],
    when: (app) => app.canStep,
    do: (app) => app.run(),
  },
  {
    id: "pause",
    title: "Pause before the next request",
    keys: ["P"],
    when: (app) => app.canPause,
    do: (app) => app.do(() => app.host.pause()),
  },
  {
    id: "edit",
    title: "Edit the next request",
    keys: ["E"],
    when: (app) => app.canStep,
    do: (app) => (app.panel = "edit"),
  },
  {
    id: "rewind",
    title: "Rewind to the selected row",
    keys: ["R"],
    when: (app) => app.canRewind,
    do: (app) => app.rewind(),
  },
  {
    id: "let-through",
    title: "Let the held answer through",
    keys: ["L"],
    when: (app) => app.held !== null,
    do: (app) => app.letThrough(),
  },
  {
    id: "edit-answer",
    title: "Change the held answer",
    keys: ["E"],
    when: (app) => app.held !== null,
    do: (app) => (app.panel = "answer"),
  },
  {
    id: "breakpoints",
    title: "Breakpoints",
    keys: ["B"],
    when: (app) => app.canBreak,
    do: (app) => (app.panel = "breakpoints"),
  },
  {
    id: "row-menu",
    title: "Actions on the selected row",
    keys: ["Shift+F10", "ContextMenu"],
    when: (app) => running(app) && app.selection.seq !== null,
    do: (app) => (app.panel = "row"),
  },
  {
    id: "go-on",
    title: "Go on anyway",
    keys: ["G"],
    when: (app) => running(app) && app.canGoOn,
    do: (app) => app.do(() => app.host.goOn()),
  },
  {
    id: "stop",
    title: "Stop the run",
    keys: ["S"],
    when: (app) => running(app) && !app.over,
    do: (app) => app.do(() => app.host.stop()),
  },
  {
    id: "restart",
    title: "Run again",
    keys: ["Shift+R"],
    when: (app) => running(app) && (app.log.view?.can_run_again ?? false),
    do: (app) => (app.over && canBeFixed(app.log.answer) ? app.againAndCompare() : app.again()),
  },
  {
    id: "compare",
    title: "Compare with the run before",
    keys: ["D"],
    when: (app) => running(app) && app.before !== null,
    do: (app) => app.before !== null && app.comparing.show(app.before, app.log.document),
  },
  {
    id: "leave-comparison",
    title: "Back from the comparison to the run",
    keys: ["Escape"],
    when: (app) => app.screen === "compare",
    do: (app) => app.comparing.leave(),
  },
  {
    id: "clients",
    title: "Which clients work with this server?",
    keys: ["W"],
    when: running,
    do: (app) => app.askForClients(),
  },
  {
    id: "leave-clients",
    title: "Back from the table of clients to the run",
    keys: ["Escape"],
    when: (app) => app.screen === "clients" && app.log.document !== 0,
    do: (app) => app.toRun(),
  },
  {
    id: "new",
    title: "Another server or scenario",
    keys: ["N"],
    when: running,
    do: (app) => app.toStart(),
  },
  {
    id: "open",
    title: "Open a recording",
    keys: ["Ctrl+O"],
    do: (app) => app.chooseRecording(),
  },
  {
    id: "paste",
    title: "Paste a request, a log or a token",
    keys: [],
    do: (app) => app.toField(),
  },
  {
    id: "findings",
    title: "All findings of the run",
    keys: ["F"],
    when: running,
    do: (app) => app.showFindings(true),
  },
  ...TABS.map((tab, at): Command => ({
    id: `tab-${tab}`,
    title: TAB_TITLES[tab] ?? `Show ${tab} of the selected row`,
    keys: [String(at)],
    when: running,
    do: (app) => {
      app.tab = tab;
      if (app.narrow) app.panel = "detail";
    },
  })),
  {
    id: "down",
    title: "Next row",
    keys: ["ArrowDown", "J"],
    when: running,
    do: (app) => app.selection.move(1),
  },
  {
    id: "up",
    title: "Previous row",
    keys: ["ArrowUp", "K"],
    when: running,
    do: (app) => app.selection.move(-1),
  },
  {
    id: "fold",
    title: "Fold the part of the selected row away, or show it",
    keys: ["Z"],
    when: (app) => running(app) && app.selection.seq !== null,
    do: (app) => app.foldSelected?.(),
  },
  {
    id: "fold-given-up",
    title: "Fold what was given up away, or show it",
    keys: ["Shift+Z"],
    when: (app) => running(app) && app.log.cuts.length > 0,
    do: (app) => app.foldGivenUp?.(),
  },
  {
    id: "first",
    title: "First row",
    keys: ["Home"],
    when: running,
    do: (app) => app.selection.first(),
  },
  {
    id: "last",
    title: "Last row",
    keys: ["End"],
    when: running,
    do: (app) => app.selection.last(),
  },
  {
    id: "find",
    title: "Find in headers and body",
    keys: ["Ctrl+F"],
    when: (app) => running(app) && app.selection.seq !== null,
    do: (app) => app.find(),
  },
  {
    id: "unfollow",
    title: "Follow the value no longer",
    keys: ["Escape"],
    when: (app) => running(app) && app.following.value !== null,
    do: (app) => app.following.end(),
  },
  {
    id: "filter",
    title: "Filter the rows",
    keys: ["/"],
    when: running,
    do: () => document.querySelector<HTMLElement>("[data-filter]")?.focus(),
  },
  {
    id: "call",
    title: "Call a tool",
    keys: ["C"],
    when: (app) => app.can("call_tool"),
    do: (app) => (app.panel = "call"),
  },
  {
    id: "actions",
    title: "Actions on the tokens and the client",
    keys: ["A"],
    when: (app) => running(app) && (app.log.view?.actions.length ?? 0) > 0,
    do: (app) => (app.panel = "actions"),
  },
  {
    id: "tokens",
    title: "Tokens",
    keys: ["T"],
    when: running,
    do: (app) => (app.panel = "tokens"),
  },
  {
    id: "export",
    title: "Export",
    keys: ["X"],
    when: running,
    do: (app) => app.export(),
  },
  {
    id: "copy-report",
    title: "Copy the report",
    keys: ["Shift+C"],
    when: running,
    do: (app) => app.copyReport(),
  },
  {
    id: "bug-report",
    title: "Bug report for whoever has to act",
    keys: [],
    when: (app) => running(app) && app.log.findings.length > 0,
    do: (app) => app.export("bug_report"),
  },
  {
    id: "larger",
    title: "Larger text",
    keys: ["Ctrl++", "Ctrl+="],
    anywhere: true,
    do: (app) => app.look.resize(1),
  },
  {
    id: "smaller",
    title: "Smaller text",
    keys: ["Ctrl+-"],
    anywhere: true,
    do: (app) => app.look.resize(-1),
  },
  {
    id: "usual",
    title: "Usual size of text",
    keys: ["Ctrl+0"],
    anywhere: true,
    do: (app) => app.look.resize(0),
  },
  {
    id: "density",
    title: "Rows close together",
    keys: [],
    on: (app) => app.look.density === "compact",
    do: (app) => app.look.setDensity(app.look.density === "compact" ? "comfortable" : "compact"),
  },
  {
    id: "letters",
    title: "Keys of one letter",
    keys: [],
    on: (app) => app.look.letters,
    do: (app) => app.look.setLetters(!app.look.letters),
  },
  ...THEMES.map(([theme, title]): Command => ({
    id: theme,
    title,
    keys: [],
    on: (app) => app.theme === theme,
    do: (app) => app.setTheme(theme),
  })),
  {
    id: "menu-bar",
    title: "Menu bar",
    keys: ["F10"],
    when: (app) => !app.alwaysHasMenus,
    on: (app) => app.look.menuBar,
    do: (app) => app.look.setMenuBar(!app.look.menuBar),
  },
  {
    id: "palette",
    title: "All commands",
    keys: ["Ctrl+K"],
    anywhere: true,
    do: (app) => (app.panel = "palette"),
  },
  {
    id: "tour",
    title: "Take the tour",
    keys: [],
    when: (app) => app.boot !== null,
    do: (app) => app.tour.begin(),
  },
  {
    id: "explain",
    title: "Explain an error text of a client",
    keys: [],
    do: (app) => app.toField(),
  },
  {
    id: "shortcuts",
    title: "Keyboard shortcuts",
    keys: ["?"],
    do: (app) => (app.panel = "shortcuts"),
  },
  {
    id: "quit",
    title: "Quit Authscope",
    keys: ["Ctrl+Q", "Ctrl+W"],
    anywhere: true,
    do: (app) => app.do(() => app.host.close()),
  },
];

/** Every command, with those for the actions that the program knows. */
export function commandsOf(app: App): Command[] {
  const groups = app.boot ? groupsOf(app.boot.tables) : [];
  const actions = groups.flatMap((group) => group.actions);
  return [
    ...COMMANDS,
    ...actions.map(({ kind, title, explanation }): Command => ({
      id: `act-${kind}`,
      title: `${title}: ${explanation}`,
      keys: [],
      when: (app) => app.can(kind),
      do: (app) => app.act(kind),
    })),
  ];
}

/** The command of a key that can be done now. */
export function commandFor(app: App, keys: string): Command | undefined {
  if (!app.look.letters && isCharacter(keys)) return undefined;
  return COMMANDS.find((command) => command.keys.includes(keys) && (command.when?.(app) ?? true));
}

/** What can be done now: while a dialog is open, little. */
export function canDo(app: App, { when, anywhere }: Command): boolean {
  return (anywhere || !app.hasDialog) && (when?.(app) ?? true);
}
