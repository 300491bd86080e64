import { describe, expect, test } from "vitest";

import {
  added,
  baseOf,
  moved,
  nameOf,
  objection,
  pairsOf,
  removed,
  setBase,
  setName,
  setValue,
  textOf,
  valueOf,
} from "./pairs";
import type { Kind, Pairs } from "./pairs";

function rows(kind: Kind, text: string): Pairs {
  const pairs = pairsOf(kind, text);
  if ("why" in pairs) throw new Error(pairs.why);
  return pairs;
}

const read = (pairs: Pairs) => pairs.rows.map((row) => [nameOf(pairs, row), valueOf(pairs, row)]);
const why = (kind: Kind, text: string) => (pairsOf(kind, text) as { why: string }).why;

describe("what nobody changed comes out as it went in", () => {
  const texts: [Kind, string][] = [
    ["form", ""],
    ["form", "a=1&a=2&b&c=&=d&&e=%7E%7e+~&f=a=b&"],
    ["form", "&"],
    ["form", "scope=a%20b+c&resource=http://127.0.0.1:1/mcp"],
    ["url", "https://as.example/authorize"],
    ["url", "https://as.example/authorize?"],
    ["url", "https://as.example/authorize?x&y=&x=1#frag?a=b&c"],
    ["url", "https://as.example#only"],
    ["json", "{}"],
    ["json", " { } \n"],
    ["json", '{"a":1,"a" : 2 ,\n  "b": "x, }\\"", "c": [1, {"d": "]"}], "e": 1.0e5}\n'],
    ["json", '{\n  "\\u0061": 12345678901234567890,\n  "": null\n}'],
  ];
  test.each(texts)("%s %j", (kind, text) => {
    expect(textOf(rows(kind, text))).toBe(text);
  });
});

test("rows are read as a server reads them", () => {
  expect(read(rows("form", "scope=a%20b+c&flag&empty=&scope=d"))).toEqual([
    ["scope", "a b c"],
    ["flag", ""],
    ["empty", ""],
    ["scope", "d"],
  ]);
  expect(rows("form", "flag&empty=").rows.map(({ value }) => value)).toEqual([null, ""]);
  expect(read(rows("json", '{"a": [1, 2], "b": "x"}'))).toEqual([
    ["a", "[1, 2]"],
    ["b", '"x"'],
  ]);
});

test("a change touches what was changed and nothing else", () => {
  const form = rows("form", "a=%7e+~&b=2&c");
  expect(textOf(setValue(form, 1, "x y&z"))).toBe("a=%7e+~&b=x+y%26z&c");
  expect(textOf(setName(form, 1, "b b"))).toBe("a=%7e+~&b+b=2&c");
  expect(textOf(setValue(form, 2, ""))).toBe("a=%7e+~&b=2&c=");
  const url = rows("url", "https://as.example/a?x=1%2B#f");
  expect(textOf(setValue(url, 0, "a b"))).toBe("https://as.example/a?x=a%20b#f");
  expect(baseOf(url)).toBe("https://as.example/a");
  expect(textOf(setBase(url, "https://b.example"))).toBe("https://b.example?x=1%2B#f");
  const json = rows("json", '{\n  "a": 1,\n  "b": 2.0\n}');
  expect(textOf(setValue(json, 0, "true"))).toBe('{\n  "a": true,\n  "b": 2.0\n}');
  expect(textOf(setName(json, 1, 'q"'))).toBe('{\n  "a": 1,\n  "q\\"": 2.0\n}');
});

test("rows are added, removed and moved, and what stands between them stays", () => {
  expect(textOf(added(rows("form", "")))).toBe("=");
  expect(textOf(added(rows("form", "a=1")))).toBe("a=1&=");
  expect(textOf(added(rows("url", "https://a.example/#f")))).toBe("https://a.example/?=#f");
  expect(textOf(removed(rows("url", "https://a.example/?a=1#f"), 0))).toBe("https://a.example/#f");
  expect(textOf(added(rows("json", "{}")))).toBe('{"": ""}');
  const lines = rows("json", '{\n  "a": 1,\n  "b": 2,\n  "c": 3\n}');
  expect(textOf(removed(lines, 0))).toBe('{\n  "b": 2,\n  "c": 3\n}');
  expect(textOf(removed(lines, 2))).toBe('{\n  "a": 1,\n  "b": 2\n}');
  expect(textOf(moved(lines, 2, -1))).toBe('{\n  "a": 1,\n  "c": 3,\n  "b": 2\n}');
  expect(textOf(removed(rows("form", "a&b"), 0))).toBe("b");
});

test("what cannot be rows says why", () => {
  expect(why("form", "a=%zz")).toBe("Number 1 of 1 is not valid percent-encoding of UTF-8.");
  expect(why("form", "a=1&b=%ff")).toBe("Number 2 of 2 is not valid percent-encoding of UTF-8.");
  expect(why("form", "a=x%0D%0Ay")).toBe("Number 1 of 1 holds a line break or another control.");
  expect(why("json", "[1]")).toBe("The JSON is not an object.");
  expect(why("json", '{"a": 1')).toBe("The text is not valid JSON.");
  expect(why("json", '{"a": {\n"b": 1}}')).toBe('"a" has a value in several lines.');
});

test("a value that is not JSON is objected to, and kept", () => {
  const json = setValue(rows("json", '{"a": 1}'), 0, "none");
  expect(objection(json, json.rows[0]!)).toMatch(/not JSON/);
  expect(textOf(json)).toBe('{"a": none}');
});
