/**
 * Characters that are not seen where they stand: they move, turn or hide what is around them, or look like a blank.
 * Wherever a text is shown they are written out, so that none is obeyed. What is copied has them as they are.
 */

/** From and to, both included. Line feeds and tabs are what the window itself is laid out with. */
const RANGES: [number, number][] = [
  [0x00, 0x08],
  [0x0b, 0x0c],
  [0x0e, 0x1f],
  [0x7f, 0xa0],
  [0xad, 0xad],
  [0x34f, 0x34f],
  [0x61c, 0x61c],
  [0x115f, 0x1160],
  [0x17b4, 0x17b5],
  [0x180b, 0x180f],
  [0x200b, 0x200f],
  [0x2028, 0x202f],
  [0x205f, 0x206f],
  [0x3164, 0x3164],
  [0xfe00, 0xfe0f],
  [0xfeff, 0xfeff],
  [0xffa0, 0xffa0],
  [0xfff0, 0xfffb],
  [0x1bca0, 0x1bca3],
  [0x1d173, 0x1d17a],
  [0xe0000, 0xe0fff],
];

const code = (at: number) => `\\u{${at.toString(16)}}`;
const SET = RANGES.map(([from, to]) => `${code(from)}-${code(to)}`).join("");

/** A carriage return that does not end a line, and the beginning of a text that looks like a mark. */
const ALONE = "\\r(?!\\n|$)|⟨(?=U\\+)";

/** The same for the editor, which has its own way to write them out. */
export const HIDDEN = new RegExp(`[${SET}]|\\r(?!$)`, "gu");
const MARKED = new RegExp(`[${SET}]|${ALONE}`, "gu");
const ANY = new RegExp(`[${SET}]|${ALONE}`, "u");

/** "⟨U+202E⟩". */
export function mark(at: number): string {
  return `⟨U+${at.toString(16).toUpperCase().padStart(4, "0")}⟩`;
}

/** A text with what would not be seen written out. */
export function visible(text: string): string {
  return ANY.test(text) ? text.replace(MARKED, (one) => mark(one.codePointAt(0)!)) : text;
}

/** The text that was made visible. */
export function original(shown: string): string {
  return shown.replace(/⟨U\+([0-9A-F]{4,6})⟩/g, (whole, hex: string) => {
    const at = parseInt(hex, 16);
    return at <= 0x10ffff ? String.fromCodePoint(at) : whole;
  });
}

const ATTRIBUTES = ["title", "aria-label", "placeholder", "alt"];

/** The editor and fields to type into show what is in them themselves. */
const OWN = ".cm-editor, textarea, script, style";

/**
 * Keeps the whole page visible, whatever is put into it from now on: before anything is drawn, each text and tooltip
 * with a hidden character is replaced by its visible form. No view has to think of it, so none can forget it.
 */
export function keepVisible(page: Document): () => void {
  showBelow(page.documentElement);
  const observer = new MutationObserver((changes) => {
    for (const { type, target, addedNodes, attributeName } of changes) {
      if (type === "characterData") showText(target);
      else if (type === "attributes") showAttribute(target as Element, attributeName!);
      else addedNodes.forEach(showBelow);
    }
  });
  observer.observe(page, {
    subtree: true,
    childList: true,
    characterData: true,
    attributes: true,
    attributeFilter: ATTRIBUTES,
  });
  page.addEventListener("copy", copyOriginal);
  return () => {
    observer.disconnect();
    page.removeEventListener("copy", copyOriginal);
  };
}

function showBelow(node: Node): void {
  if (node.nodeType === Node.TEXT_NODE) return showText(node);
  if (!(node instanceof Element) || node.closest(OWN)) return;
  for (const name of ATTRIBUTES) showAttribute(node, name);
  node.childNodes.forEach(showBelow);
}

/**
 * Texts that were written out here. They are not looked at again, however often they are moved in
 * the page.
 */
const written = new WeakMap<Node, Map<string, string>>();

function showText(node: Node): void {
  if (node.parentElement?.closest(OWN)) return;
  show(node, "", node.nodeValue, (shown) => (node.nodeValue = shown));
}

function showAttribute(element: Element, name: string): void {
  show(element, name, element.getAttribute(name), (shown) => element.setAttribute(name, shown));
}

function show(node: Node, name: string, text: string | null, write: (shown: string) => void): void {
  if (text === null || !ANY.test(text) || written.get(node)?.get(name) === text) return;
  const shown = visible(text);
  const known = written.get(node) ?? new Map<string, string>();
  written.set(node, known.set(name, shown));
  write(shown);
}

/** What is copied from the page is what the server sent, and not how it is shown. */
function copyOriginal(event: ClipboardEvent): void {
  const from = event.target instanceof Element ? event.target : null;
  if (from?.closest(`${OWN}, input`)) return;
  const shown = getSelection()?.toString() ?? "";
  const meant = original(shown);
  if (meant === shown) return;
  event.clipboardData?.setData("text/plain", meant);
  event.preventDefault();
}
