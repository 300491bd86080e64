import { expect, test } from "vitest";

import type { Comparison } from "../host/bindings/Comparison";
import kept from "../host/fixtures/comparison.json";
import { folded, shownRows, valueOf } from "./rows";

const comparison = kept as Comparison;

test("rows that are the same are left out unless all are asked for", () => {
  const all = shownRows(comparison, true);
  expect(all).toEqual([...comparison.rows.keys()]);
  const differing = shownRows(comparison, false);
  expect(differing.length).toBeGreaterThan(0);
  expect(differing.length).toBeLessThan(all.length);
  for (const at of differing)
    expect(comparison.rows[at]?.state).not.toMatch(/^(same|not_counted)$/);
});

test("what was folded is counted", () => {
  expect(folded(comparison)).toBe(
    comparison.noise.map(({ count }) => count).reduce((a, b) => a + b, 0),
  );
});

test("a value that is missing is another than one that is empty", () => {
  expect([valueOf(null), valueOf(""), valueOf("x")]).toEqual(["not there", "empty", "x"]);
});
