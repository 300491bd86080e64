import { expect, it } from "vitest";

import { participants, LAB } from "../host/fixtures/places";
import type { Row } from "../host/bindings/Row";
import { asksForFindings, filterOf } from "./filter";

const exchange = (seq: number, method: string, to: number, status: number | null): Row => ({
  seq,
  at: 0,
  branch: 0,
  phase: to === 3 ? "token" : "mcp",
  kind: {
    is: "exchange",
    from: 0,
    to,
    method,
    path: "/x",
    label: "initialize",
    status,
    failure: status === null ? "refused" : null,
    verdict: null,
    duration: 1,
    edited: seq === 3,
    answer_edited: false,
  },
});
const ROWS = [
  exchange(1, "POST", 2, 401),
  exchange(2, "GET", 3, 200),
  exchange(3, "POST", 3, null),
  exchange(4, "POST", 2, 404),
];
const known = {
  participants: participants(LAB),
  badges: new Map([[4, { error: 1, warning: 0, note: 0 }]]),
};
const found = (text: string) =>
  ROWS.filter((row) => filterOf(text)(row, known)).map(({ seq }) => seq);

it("knows words for status, participants, methods, phases and findings", () => {
  expect(found("status:4xx")).toEqual([1, 4]);
  expect(found("status:404")).toEqual([4]);
  expect(found("status:none")).toEqual([3]);
  expect(found("to:as")).toEqual([2, 3]);
  expect(found("to:as method:post")).toEqual([3]);
  expect(found("to:38655")).toEqual([2, 3]);
  expect(found("phase:token")).toEqual([2, 3]);
  expect(found("is:finding")).toEqual([4]);
  expect(found("is:errors")).toEqual([4]);
  expect(found("is:edited")).toEqual([3]);
  expect(found("is:failed")).toEqual([3]);
});

it("takes the rest as words, all of which have to be there, or not to be with a minus", () => {
  expect(found("")).toEqual([1, 2, 3, 4]);
  expect(found("post init")).toEqual([1, 3, 4]);
  expect(found("post -status:4xx")).toEqual([3]);
  expect(found("is:nonsense")).toEqual([]);
  expect(found("colour:red")).toEqual([]);
});

it("says when findings matter", () => {
  expect(asksForFindings("to:as is:finding")).toBe(true);
  expect(asksForFindings("finding")).toBe(false);
});
