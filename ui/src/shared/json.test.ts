import { describe, expect, it } from "vitest";

import { joined, piecesAt, pointersOf, prettyJson } from "./json";

const pretty = (source: string) => {
  const pieces = prettyJson(source);
  return pieces && joined(pieces);
};

describe("prettyJson", () => {
  it("lays out objects and lists", () => {
    expect(pretty('{"a":[1,{"b":null}],"c":{}}')).toBe(
      '{\n  "a": [\n    1,\n    {\n      "b": null\n    }\n  ],\n  "c": {}\n}',
    );
  });

  it("keeps duplicate members, long numbers and escapes as they were sent", () => {
    const source = '{"n":12345678901234567890.10,"n":"\\u0041\\/"}';
    expect(pretty(source)).toBe('{\n  "n": 12345678901234567890.10,\n  "n": "\\u0041\\/"\n}');
  });

  it.each(["<html>", '{"a":1', '{"a" 1} x', "[1}", "", '{1:"a"}', '"open', "[NaN]"])(
    "refuses %j",
    (source) => {
      expect(prettyJson(source)).toBeNull();
    },
  );

  it("stays linear when nesting is hostile", () => {
    const deep = "[".repeat(20_000) + "]".repeat(20_000);
    expect(pretty(deep)!.length).toBeLessThan(4_000_000);
  });

  it("takes a string of megabytes", () => {
    expect(pretty(JSON.stringify({ a: "x".repeat(3_000_000) }))!.length).toBeGreaterThan(3_000_000);
  });

  it("tells keys from strings", () => {
    const kinds = prettyJson('{"a":"b"}')!.map((piece) => [piece.kind, piece.text]);
    expect(kinds).toContainEqual(["key", '"a"']);
    expect(kinds).toContainEqual(["string", '"b"']);
  });
});

describe("piecesAt", () => {
  const pieces = prettyJson('{"a":[{"b":1},{"b":{"c":"x"}}],"b":2,"d/e":[3,4]}')!;
  const at = (pointer: string) => {
    const found = piecesAt(pieces, pointer);
    return found && joined(pieces.slice(found.first, found.end)).replace(/\s+/g, "");
  };

  it("finds members and elements, whatever they hold", () => {
    expect(at("/b")).toBe('"b":2');
    expect(at("/a/1/b")).toBe('"b":{"c":"x"}');
    expect(at("/a/0")).toBe('{"b":1}');
    expect(at("/d~1e/1")).toBe("4");
  });

  it("finds what should hold a member that is not there", () => {
    expect(at("/a/0/missing")).toBe('{"b":1}');
    expect(at("/missing")).toBeNull();
    expect(at("")).toBeNull();
  });
});

it("each name has a pointer, whatever stands around it", () => {
  const pieces = prettyJson('{"a":[{"b":1},{"b":{"c/d":[]}}],"e":{"f":[[{"g":1}]]},"h":2}') ?? [];
  expect([...pointersOf(pieces).values()]).toEqual([
    "/a",
    "/a/*/b",
    "/a/*/b",
    "/a/*/b/c~1d",
    "/e",
    "/e/f",
    "/e/f/*/*/g",
    "/h",
  ]);
});
