import { expect, test } from "vitest";

import { headersIn, linesOf } from "./headerLines";

test("headers come back from their lines as they were", () => {
  const headers = [
    { name: "accept", value: "a" },
    { name: "accept", value: "b: c" },
    { name: "x-blank", value: " two  " },
    { name: "x-empty", value: "" },
    { name: "", value: "no name" },
  ];
  expect(headersIn(linesOf(headers) as string)).toEqual(headers);
});

test("what is no line of a header says why", () => {
  expect(headersIn("a: 1\n\nb")).toEqual({ why: "Line 3 has no colon after the name." });
  expect(linesOf([{ name: "a:b", value: "1" }])).toEqual({
    why: "Number 1 of 1 cannot be written in a line.",
  });
  expect(headersIn("")).toEqual([]);
});
