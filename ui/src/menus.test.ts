import { describe, expect, it } from "vitest";

import { App } from "./app.svelte";
import { COMMANDS, commandFor } from "./commands";
import { fakeHost } from "./host/fake";
import { MENUS, menuState, menusOf } from "./menus.svelte";

const app = () => new App(fakeHost(new URLSearchParams("?fixture=healthy")));

/** What the system and the web view do in fields of text. */
const EDITING = ["C", "V", "X", "A", "Z", "Y"].map((letter) => `Ctrl+${letter}`);

const commands = (app: App) =>
  menusOf(app)
    .flatMap(({ items }) => items)
    .filter((item) => item.is === "command");

describe("Menus", () => {
  it("name commands of the table, each once", () => {
    const ids = commands(app()).map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const id of ids) expect(COMMANDS.map((command) => command.id)).toContain(id);
  });

  it("open by letters that differ", () => {
    const letters = MENUS.map(([title]) => title[0]);
    expect(new Set(letters).size).toBe(letters.length);
  });

  it("take no key that types, none of a field, and none of another command", () => {
    const taken = commands(app()).flatMap(({ id, keys }) => keys.map((key) => [key, id] as const));
    expect(taken.length).toBeGreaterThan(5);
    for (const [key, id] of taken) {
      expect(key).toMatch(/^Ctrl\+/);
      expect(EDITING).not.toContain(key);
      const others = COMMANDS.filter((command) => command.id !== id && command.keys.includes(key));
      expect(others, key).toEqual([]);
    }
  });

  it("offer what can be done, and little while a dialog is open", () => {
    const at = app();
    expect(menuState(at).can).toEqual(expect.arrayContaining(["open", "paste", "quit"]));
    expect(menuState(at).can).not.toContain("export");
    at.panel = "shortcuts";
    expect(menuState(at).can).toEqual(["quit", "larger", "smaller", "usual", "palette"]);
  });

  it("tick what is on", () => {
    const at = app();
    at.theme = "dark";
    at.look.density = "compact";
    at.look.letters = false;
    expect(menuState(at).on).toEqual(["density", "dark"]);
  });

  it("are a matter of F10 only where they take height from the page", () => {
    const at = app();
    expect(at.alwaysHasMenus).toBe(false);
    expect(commandFor(at, "F10")?.id).toBe("menu-bar");
    expect(commands(at).map(({ id }) => id)).toContain("menu-bar");
    const onMac = Object.assign(app(), { alwaysHasMenus: true });
    expect(commandFor(onMac, "F10")).toBeUndefined();
    expect(commands(onMac).map(({ id }) => id)).not.toContain("menu-bar");
  });
});
