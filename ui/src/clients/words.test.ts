import { expect, test } from "vitest";

import type { ClientRow } from "../host/bindings/ClientRow";
import { outcomeOf, signOf, summary } from "./words";

const row = (outcome: ClientRow["outcome"], more: Partial<ClientRow> = {}): ClientRow => ({
  client: "cursor",
  name: "Cursor",
  outcome,
  step: null,
  why: "",
  errors: [],
  evidence: "documented",
  left_registered: null,
  ...more,
});

test("each outcome has its sign, and an error takes the good one back", () => {
  expect(signOf(row("works"))).toBe("ok");
  expect(signOf(row("up_to_login"))).toBe("ok");
  expect(signOf(row("up_to_login", { errors: ["K02"] }))).toBe("warning");
  expect(signOf(row("stops"))).toBe("error");
  expect(signOf(row("ended"))).toBe("skipped");
});

test("a stop names its place", () => {
  expect(outcomeOf(row("stops", { step: "Registration" }))).toBe("Stops at: Registration");
  expect(outcomeOf(row("stops"))).toBe("Stops");
});

test("the table is told in one sentence", () => {
  expect(summary([])).toBe("No client was played.");
  const rows = [row("works"), row("works"), row("up_to_login"), row("stops")];
  expect(summary(rows)).toBe("2 work, 1 works up to the login, 1 stops.");
});
