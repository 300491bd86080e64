const CAPS: Record<string, string> = {
  Enter: "↵",
  Shift: "⇧",
  Ctrl: "Ctrl",
  ArrowUp: "↑",
  ArrowDown: "↓",
  Escape: "Esc",
  ContextMenu: "Menu",
};

/** "Shift+Enter" as it is written on a key: "⇧↵". */
export function keyCaps(keys: string): string {
  const caps = keys.split(/\+(?=.)/).map((key) => CAPS[key] ?? key);
  return caps[0] === "Ctrl" ? caps.join(" ") : caps.join("");
}

/** The name of a pressed combination, as the table of commands writes it; command counts as Ctrl. */
export function pressed(event: KeyboardEvent): string {
  const letter = event.key.length === 1;
  const key = letter ? event.key.toUpperCase() : event.key;
  const parts = [];
  if (event.ctrlKey || event.metaKey) parts.push("Ctrl");
  // A sign such as "?" needs the shift key on many keyboards, and is named by itself.
  if (event.shiftKey && (!letter || /[A-Z]/.test(key))) parts.push("Shift");
  return [...parts, key].join("+");
}

/** A combination that types a character: one that speech input or a slip sets off. */
export function isCharacter(keys: string): boolean {
  return [...keys.replace(/^Shift\+/, "")].length === 1;
}

/** Something that takes the key itself: a field, a list, an open menu. */
export function takesKeys(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  return (
    target.isContentEditable ||
    target.closest("input, textarea, select, [role=dialog], [role=menu]") !== null
  );
}

/** Something that Enter and Space press. */
export function isPressable(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.closest("button, a, summary, [role=tab]") !== null;
}
