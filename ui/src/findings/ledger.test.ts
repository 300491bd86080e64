import { describe, expect, it } from "vitest";

import type { CheckStatus } from "../host/bindings/CheckStatus";
import type { RuleCheck } from "../host/bindings/RuleCheck";
import { groupsOf } from "./ledger";

function check(code: string, status: CheckStatus): RuleCheck {
  return { code, rule: "", title: "", status, reason: "", exchange: null };
}

describe("the ledger", () => {
  it("groups the rules by what became of them, what matters first", () => {
    const groups = groupsOf([
      check("N01", "passed"),
      check("DV1", "not_applicable"),
      check("T15", "not_checked"),
      check("D40", "passed"),
      check("R10", "failed"),
    ]);
    const told = groups.map(({ title, checks }) => `${title}: ${checks.map((one) => one.code)}`);
    expect(told).toEqual([
      "Failed: R10",
      "Not checked: T15",
      "Passed: N01,D40",
      "Not applicable: DV1",
    ]);
    expect(groups.filter((group) => group.open).map((group) => group.status)).toEqual([
      "failed",
      "not_checked",
    ]);
  });

  it("has no groups before the run is over", () => {
    expect(groupsOf([])).toEqual([]);
  });
});
