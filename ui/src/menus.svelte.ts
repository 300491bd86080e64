import type { App } from "./app.svelte";
import { COMMANDS, canDo } from "./commands";
import type { Command } from "./commands";
import type { Menu, MenuItem } from "./host/host";

const LINE = "-";
const EDITING = "editing";

/** The menus of the window: each item is a command of the table, a line, or the system's editing. */
export const MENUS: readonly [title: string, items: readonly string[]][] = [
  ["File", ["open", "paste", LINE, "export", "new", LINE, "quit"]],
  ["Edit", [EDITING, LINE, "find", "filter"]],
  [
    "View",
    [
      "larger",
      "smaller",
      "usual",
      LINE,
      "density",
      "letters",
      LINE,
      "light",
      "dark",
      "system",
      LINE,
      "menu-bar",
      "palette",
    ],
  ],
  [
    "Run",
    [
      "start",
      "start-step",
      LINE,
      "next",
      "run",
      "pause",
      "edit",
      "breakpoints",
      LINE,
      "stop",
      "restart",
      "compare",
      "clients",
      LINE,
      "copy-report",
    ],
  ],
  ["Help", ["explain", "bug-report", LINE, "tour", "shortcuts"]],
];

/** The menus with the titles and keys of their commands. */
export function menusOf(app: App): Menu[] {
  return MENUS.map(([title, items]) => ({
    title,
    items: items.filter((id) => id !== "menu-bar" || !app.alwaysHasMenus).map((id) => itemOf(id)),
  }));
}

function itemOf(id: string): MenuItem {
  if (id === LINE) return { is: "line" };
  if (id === EDITING) return { is: "editing" };
  const { title, keys, on } = commandOf(id);
  return { is: "command", id, title, keys: keys.filter(isOfMenus), checks: on !== undefined };
}

/** A key alone belongs to the page: as a key of a menu it could not be typed into a field any more. */
function isOfMenus(keys: string): boolean {
  return keys.startsWith("Ctrl+");
}

function commandOf(id: string): Command {
  const command = COMMANDS.find((command) => command.id === id);
  if (!command) throw new Error(`no command ${id}`);
  return command;
}

/** What the items of the menus show now. */
export function menuState(app: App): { can: string[]; on: string[] } {
  const commands = MENUS.flatMap(([, items]) => items)
    .filter((id) => id !== LINE && id !== EDITING)
    .map(commandOf);
  return {
    can: commands.filter((command) => canDo(app, command)).map(({ id }) => id),
    on: commands.filter(({ on }) => on?.(app)).map(({ id }) => id),
  };
}

/** Does what was chosen, if it can still be done. */
function choose(app: App, id: string): void {
  const command = COMMANDS.find((command) => command.id === id);
  if (command && canDo(app, command)) void command.do(app);
}

/** Gives the window its menus, and keeps them true. To be called where effects can be made. */
export function giveMenus(app: App): void {
  $effect(() => {
    const given = app.host.setMenus(menusOf(app), app.look.menuBar, (id) => choose(app, id));
    given.catch((reason: unknown) => app.messages.refuse(reason));
  });
  let told = "";
  $effect(() => {
    const { can, on } = menuState(app);
    const state = JSON.stringify([can, on, app.look.menuBar]);
    if (state === told) return;
    told = state;
    app.host.setMenuState(can, on).catch((reason: unknown) => app.messages.refuse(reason));
  });
}
