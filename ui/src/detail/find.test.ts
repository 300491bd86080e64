import { expect, it } from "vitest";

import { rangesOf } from "./find";

const found = (html: string, wanted: string) => {
  const root = document.createElement("div");
  root.innerHTML = html;
  return rangesOf(root, wanted).map(String);
};

it("finds text in any case, across pieces, and not in buttons", () => {
  expect(found("<b>Issuer</b> issuer <button>issuer</button>", "ISSUER")).toEqual([
    "Issuer",
    "issuer",
  ]);
  expect(found('<i>"iss"</i>: <i>"x"</i>', '"iss": "x"')).toEqual(['"iss": "x"']);
  expect(found("aaaa", "aa")).toEqual(["aa", "aa"]);
});

it("finds nothing for nothing", () => {
  expect(found("text", "")).toEqual([]);
  expect(found("", "text")).toEqual([]);
});
