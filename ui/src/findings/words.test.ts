import { describe, expect, it } from "vitest";

import type { Row } from "../host/bindings/Row";
import type { Status } from "../host/bindings/Status";
import { failureOf, noFindingHere, noFindingInRun } from "./words";

const STOPPED: Status = {
  is: "stopped",
  code: "transport",
  message: "The server was not reached.",
  can_go_on: false,
};
const ENDED: Status = {
  is: "ended",
  message: "Ended by the user while the browser was at https://as.example.",
};
const DONE: Status = { is: "done", message: "Reached tools/list" };
const CALM = /^Nothing was found wrong/;

function row(status: number, verdict: "accepted" | "rejected", failure: string | null = null): Row {
  return {
    seq: 1,
    at: 0,
    branch: 0,
    phase: "token",
    kind: {
      is: "exchange",
      from: 0,
      to: 1,
      method: "POST",
      path: "/token",
      label: "",
      status: failure === null ? status : null,
      failure,
      verdict: { kind: verdict, text: "invalid_grant" },
      duration: 1,
      edited: false,
      answer_edited: false,
    },
  };
}

describe("where there is no finding", () => {
  it("calls nothing fine that failed, stopped or was ended", () => {
    for (const said of [
      noFindingHere("invalid_grant", null, 0),
      noFindingHere(null, STOPPED, 0),
      noFindingHere(null, ENDED, 0),
      noFindingHere(null, DONE, 2),
      noFindingInRun(STOPPED, true),
      noFindingInRun(ENDED, true),
    ])
      expect(said).not.toMatch(CALM);
  });

  it("says what the run knows", () => {
    expect(noFindingInRun(ENDED, true)).toContain("the browser was at https://as.example");
    expect(noFindingHere(null, STOPPED, 0)).toContain("The server was not reached.");
    expect(noFindingHere("invalid_grant", STOPPED, 0)).toContain("invalid_grant");
  });

  it("is calm where nothing went wrong", () => {
    expect(noFindingHere(null, DONE, 0)).toMatch(CALM);
    expect(noFindingInRun(DONE, true)).toBe("Nothing was found wrong in this run.");
    expect(noFindingInRun({ is: "ready" }, false)).toMatch(/so far\.$/);
  });

  it("knows what a row says of a failure", () => {
    expect(failureOf(row(400, "rejected"))).toBe("invalid_grant");
    expect(failureOf(row(0, "rejected", "timed out"))).toBe("timed out");
    expect(failureOf(row(200, "accepted"))).toBeNull();
    expect(failureOf(undefined)).toBeNull();
  });
});
