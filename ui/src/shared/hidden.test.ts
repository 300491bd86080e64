import { afterEach, describe, expect, it } from "vitest";

import { keepVisible, original, visible } from "./hidden";

describe("hidden characters", () => {
  it.each([
    ["a\u202ecod\u202c", "a⟨U+202E⟩cod⟨U+202C⟩"],
    ["a\u0000b\u0007\u009b\u007f", "a⟨U+0000⟩b⟨U+0007⟩⟨U+009B⟩⟨U+007F⟩"],
    ["\ufeffa\u00a0b\u200b\u00ad", "⟨U+FEFF⟩a⟨U+00A0⟩b⟨U+200B⟩⟨U+00AD⟩"],
    ["tag \u{e0041}", "tag ⟨U+E0041⟩"],
    ["bad\rgood", "bad⟨U+000D⟩good"],
    ["one\r\ntwo\tthree é א 漢", "one\r\ntwo\tthree é א 漢"],
    ["⟨U+202E⟩", "⟨U+27E8⟩U+202E⟩"],
    ["⟨x⟩", "⟨x⟩"],
  ])("%j is shown as %j, and copied as it is", (text, shown) => {
    expect(visible(text)).toBe(shown);
    expect(original(shown)).toBe(text);
  });
});

describe("the page", () => {
  let stop = () => {};
  afterEach(() => stop());

  it("shows them whichever way they come into it", async () => {
    document.body.innerHTML = "<p title='\u202ea'>\u202eb</p><textarea>\u202ec</textarea>";
    stop = keepVisible(document);
    const [p, area] = [document.querySelector("p")!, document.querySelector("textarea")!];
    expect([p.title, p.textContent, area.textContent]).toEqual([
      "⟨U+202E⟩a",
      "⟨U+202E⟩b",
      "\u202ec",
    ]);

    p.firstChild!.nodeValue = "c\u200b";
    p.setAttribute("aria-label", "\u0007");
    const added = document.createElement("div");
    added.innerHTML = "<b>\u2066</b>";
    document.body.append(added);
    document.title = "\u202ed";
    await Promise.resolve();
    expect([p.textContent, p.ariaLabel ?? p.getAttribute("aria-label")]).toEqual([
      "c⟨U+200B⟩",
      "⟨U+0007⟩",
    ]);
    expect([added.textContent, document.title]).toEqual(["⟨U+2066⟩", "⟨U+202E⟩d"]);
  });
});
