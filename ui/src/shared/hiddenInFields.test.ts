import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { keepFieldsVisible } from "./hiddenInFields";

const own = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value")!;
/** What stands in a field, whatever the page's code is told. */
const shown = (field: HTMLInputElement) => own.get!.call(field) as string;

let stop = () => {};
beforeEach(() => (stop = keepFieldsVisible(document)));
afterEach(() => stop());

function field(type = "text"): HTMLInputElement {
  document.body.innerHTML = `<input type="${type}">`;
  return document.querySelector("input")!;
}

/** As a browser does with what is typed: it is in the field before any listener runs. */
function type(into: HTMLInputElement, text: string, caret: number): void {
  own.set!.call(into, text);
  into.setSelectionRange(caret, caret);
  into.dispatchEvent(new InputEvent("input", { bubbles: true }));
}

describe("a field", () => {
  it("shows what it is given, and is read as it is meant", () => {
    const input = field();
    input.value = "gnp\u202eexe";
    expect([shown(input), input.value]).toEqual(["gnp⟨U+202E⟩exe", "gnp\u202eexe"]);
    input.value = "plain é א ⟨x⟩";
    expect([shown(input), input.value]).toEqual(["plain é א ⟨x⟩", "plain é א ⟨x⟩"]);
  });

  it("shows what is typed, with the caret behind it", () => {
    const input = field();
    let heard = "";
    input.addEventListener("input", () => (heard = input.value));
    type(input, "a\u200bz", 2);
    expect([shown(input), heard]).toEqual(["a⟨U+200B⟩z", "a\u200bz"]);
    expect(input.selectionStart).toBe("a⟨U+200B⟩".length);
    type(input, "a⟨U+200B⟩\u0007z", 10);
    expect([shown(input), heard]).toEqual(["a⟨U+200B⟩⟨U+0007⟩z", "a\u200b\u0007z"]);
  });

  it("leaves what it does not show alone", () => {
    const input = field("password");
    input.value = "a\u200b";
    expect([shown(input), input.value]).toEqual(["a\u200b", "a\u200b"]);
  });
});
