import { original, visible } from "./hidden";

/**
 * Fields to type into, which no observer of the page sees into: what is typed, pasted or prepared stands in them with its
 * hidden characters written out, and whoever reads the value gets it as it is meant. No view has to think of it.
 */

type Field = HTMLInputElement | HTMLTextAreaElement;

/** These show their text; a password does not, and the others hold none. */
const WITH_TEXT: readonly string[] = ["text", "search", "url", "tel", "textarea"];

interface Value {
  get: (this: Field) => string;
  set: (this: Field, text: string) => void;
}

function valueOf(prototype: Field): Value {
  return Object.getOwnPropertyDescriptor(prototype, "value") as unknown as Value;
}

/** What stands in a field, letter by letter. */
let shownIn: (field: Field) => string;
let write: (field: Field, shown: string) => void;

export function keepFieldsVisible(page: Document): () => void {
  const input = valueOf(HTMLInputElement.prototype);
  const area = valueOf(HTMLTextAreaElement.prototype);
  const own = (field: Field) => (field instanceof HTMLTextAreaElement ? area : input);
  shownIn = (field) => own(field).get.call(field);
  write = (field, shown) => own(field).set.call(field, shown);
  for (const prototype of [HTMLInputElement.prototype, HTMLTextAreaElement.prototype])
    Object.defineProperty(prototype, "value", {
      configurable: true,
      enumerable: true,
      get(this: Field) {
        return hasText(this) ? original(shownIn(this)) : shownIn(this);
      },
      set(this: Field, text: unknown) {
        const meant = text === null ? "" : String(text);
        write(this, hasText(this) ? visible(meant) : meant);
      },
    });
  // Before any other listener of the page reads the value.
  page.addEventListener("input", writeOut, true);
  page.addEventListener("copy", takeMeant);
  page.addEventListener("cut", takeMeant);
  return () => {
    Object.defineProperty(HTMLInputElement.prototype, "value", input);
    Object.defineProperty(HTMLTextAreaElement.prototype, "value", area);
    page.removeEventListener("input", writeOut, true);
    page.removeEventListener("copy", takeMeant);
    page.removeEventListener("cut", takeMeant);
  };
}

function isField(target: EventTarget | null): target is Field {
  return target instanceof HTMLInputElement || target instanceof HTMLTextAreaElement;
}

function hasText(field: Field): boolean {
  return WITH_TEXT.includes(field.type);
}

/** What was typed or pasted: the caret stays where it was in the text. */
function writeOut({ target }: Event): void {
  if (!isField(target) || !hasText(target)) return;
  const typed = shownIn(target);
  const shown = visible(original(typed));
  if (shown === typed) return;
  const { selectionStart } = target;
  const before = visible(original(typed.slice(0, selectionStart ?? typed.length)));
  write(target, shown);
  target.setSelectionRange(before.length, before.length);
}

/** What is copied or cut from a field is what is meant. */
function takeMeant(event: ClipboardEvent): void {
  const field = event.target;
  if (!isField(field) || !hasText(field)) return;
  const [from, to] = [field.selectionStart ?? 0, field.selectionEnd ?? 0];
  const shown = shownIn(field).slice(from, to);
  const meant = original(shown);
  if (meant === shown) return;
  event.clipboardData?.setData("text/plain", meant);
  event.preventDefault();
  if (event.type !== "cut") return;
  field.setRangeText("", from, to, "end");
  field.dispatchEvent(new InputEvent("input", { bubbles: true, inputType: "deleteByCut" }));
}
