let tell: (text: string) => void = () => {};

/** Tells of each text that comes onto the clipboard, by a button or by the keys and menus of the system. */
export function tellOfCopies(page: Window, told: (text: string) => void): void {
  tell = told;
  // Behind those listeners that put another text there than what is selected.
  for (const kind of ["copy", "cut"] as const)
    page.addEventListener(kind, ({ clipboardData, target }) =>
      told(clipboardData?.getData("text/plain") || selected(target)),
    );
}

/** What is selected in a field, or in the page. */
function selected(target: EventTarget | null): string {
  if (target instanceof HTMLInputElement || target instanceof HTMLTextAreaElement)
    return target.value.slice(target.selectionStart ?? 0, target.selectionEnd ?? 0);
  return getSelection()?.toString() ?? "";
}

/** Puts a text on the clipboard; false when the system refuses. */
export async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    tell(text);
    return true;
  } catch {
    return copySelected(text);
  }
}

/** The old way, for web views without the asynchronous clipboard. */
function copySelected(text: string): boolean {
  const field = document.createElement("textarea");
  field.value = text;
  field.style.position = "fixed";
  field.style.opacity = "0";
  document.body.append(field);
  const before = document.activeElement;
  field.select();
  const copied = document.execCommand("copy");
  field.remove();
  if (before instanceof HTMLElement) before.focus();
  return copied;
}
