import { describe, expect, it } from "vitest";

import { keyCaps, pressed } from "./keys";
import { cutMiddle, isWebLink, splitUrl } from "./text";
import { countdown, duration, plural, size, when } from "./units";

describe("text", () => {
  it("cuts the middle out", () => {
    expect(cutMiddle("abcdefghij", 5)).toBe("ab…ij");
    expect(cutMiddle("short", 5)).toBe("short");
  });

  it.each([
    ["https://example.dev/a", true],
    ["HTTP://example.dev", true],
    ["javascript:alert(1)", false],
    ["file:///etc/passwd", false],
    ["https:", false],
    ["//example.dev", false],
  ])("makes %j a link: %s", (text, link) => expect(isWebLink(text)).toBe(link));

  it("splits a URL without changing it", () => {
    expect(splitUrl("https://h:1/p?q#f")).toEqual({ origin: "https://h:1", rest: "/p?q#f" });
    expect(splitUrl("no url")).toEqual({ origin: "", rest: "no url" });
  });
});

describe("units", () => {
  it.each([
    [0, "0 µs"],
    [2_000, "2.0 ms"],
    [38_400, "38 ms"],
    [9_400_000, "9.4 s"],
    [125_000_000, "2 min 5 s"],
  ])("%d µs is %s", (micros, words) => expect(duration(micros)).toBe(words));

  it("counts down, never below zero", () => {
    expect([countdown(245_000_000), countdown(3_729_000_000), countdown(-5)]).toEqual([
      "4:05",
      "1:02:09",
      "0:00",
    ]);
  });

  it("names days by how far they are", () => {
    const now = new Date(2026, 10, 21, 0, 30).getTime() * 1_000;
    const minutes = 60_000_000;
    expect(when(now - 10 * minutes, now)).toBe("today 00:20");
    expect(when(now - 60 * minutes, now)).toBe("yesterday 23:30");
    expect(when(now - 5 * 24 * 60 * minutes, now)).toBe("16 Nov 2026");
  });

  it("counts", () => {
    expect([plural(1, "error"), plural(10_000, "exchange"), size(1_234), size(10_485_760)]).toEqual(
      ["1 error", "10,000 exchanges", "1.2 kB", "10 MB"],
    );
  });
});

describe("keys", () => {
  const press = (key: string, more: KeyboardEventInit = {}) =>
    pressed(new KeyboardEvent("keydown", { key, ...more }));

  it("names combinations", () => {
    expect(press("Enter", { shiftKey: true })).toBe("Shift+Enter");
    expect(press("k", { ctrlKey: true })).toBe("Ctrl+K");
    expect(press("k", { metaKey: true })).toBe("Ctrl+K");
    expect(press("R", { shiftKey: true })).toBe("Shift+R");
    expect(press("?", { shiftKey: true })).toBe("?");
  });

  it("draws them", () =>
    expect([keyCaps("Shift+Enter"), keyCaps("Ctrl+K")]).toEqual(["⇧↵", "Ctrl K"]));
});
