import { expect, test } from "vitest";

import guide from "../host/bindings/guide.json";
import type { Term } from "../host/bindings/Term";
import { Terms } from "./terms";

const terms = new Terms(guide.terms as Term[]);
const found = (text: string) => terms.in(text).flatMap(({ term }) => (term ? [term.name] : []));

test("a term is found once, whole, the longest first, however it is written", () => {
  expect(
    found("The authorization server knows no scope; the Authorization Server says so."),
  ).toEqual(["authorization server", "scope"]);
  expect(found("Its authorization server metadata has no PKCE.")).toEqual([
    "authorization server metadata",
    "PKCE",
  ]);
});

test("names, paths and parts of words are no terms", () => {
  for (const text of [
    "scopes_supported",
    "/token/scope",
    'scope="a"',
    "https://as.example/issuer",
    "telescope",
    "resource_metadata",
    "issuer: x",
  ])
    expect(found(text), text).toEqual([]);
});

test("the pieces are the text", () => {
  const text = "Scope: (scope), PKCE. Its issuer's code challenge";
  expect(
    terms
      .in(text)
      .map((piece) => piece.text)
      .join(""),
  ).toBe(text);
  expect(found(text)).toEqual(["scope", "PKCE", "issuer", "code challenge"]);
  expect(new Terms([]).in(text)).toEqual([{ text }]);
});
