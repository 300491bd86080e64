import { expect, it } from "vitest";

import { bare, piecesOf } from "./fix";

const values = (fix: string) =>
  piecesOf(fix).flatMap(({ text, isValue }) => (isValue ? [bare(text)] : []));

it("finds addresses and quoted values, and keeps the sentence whole", () => {
  const fix = 'Write "issuer" as https://as.example/t1, or (https://as.example/).';
  expect(values(fix)).toEqual(["issuer", "https://as.example/t1", "https://as.example/"]);
  expect(
    piecesOf(fix)
      .map(({ text }) => text)
      .join(""),
  ).toBe(fix);
});

it("takes a member of JSON whole", () => {
  expect(values('Say "code_challenge_methods_supported": ["S256"], and "active": true.')).toEqual([
    '"code_challenge_methods_supported": ["S256"]',
    '"active": true',
  ]);
});

it("finds none in plain words", () => {
  expect(values("Add scope to the challenge.")).toEqual([]);
  expect(values('An 6" pipe')).toEqual([]);
});
