import type { CheckStatus } from "../host/bindings/CheckStatus";
import type { RuleCheck } from "../host/bindings/RuleCheck";
import type { Sign } from "../shared/sign";

/** Rules of which the same became. */
export interface Group {
  status: CheckStatus;
  title: string;
  /** What it means, for people. */
  explanation: string;
  sign: Sign;
  checks: RuleCheck[];
  /** Worth reading at once. */
  open: boolean;
}

const GROUPS: Omit<Group, "checks">[] = [
  {
    status: "failed",
    title: "Failed",
    explanation: "These faults were found.",
    sign: "error",
    open: true,
  },
  {
    status: "not_checked",
    title: "Not checked",
    explanation: "What these look at could not be read.",
    sign: "note",
    open: true,
  },
  {
    status: "passed",
    title: "Passed",
    explanation: "What these look at was there, and these faults were not.",
    sign: "ok",
    open: false,
  },
  {
    status: "not_reached",
    title: "Not reached",
    explanation: "The run ended before what these look at.",
    sign: "pending",
    open: false,
  },
  {
    status: "not_applicable",
    title: "Not applicable",
    explanation: "What these look at is no part of this run.",
    sign: "skipped",
    open: false,
  },
];

/** The rules by what became of them; what became of none is left out. */
export function groupsOf(rules: RuleCheck[]): Group[] {
  return GROUPS.map((group) => ({
    ...group,
    checks: rules.filter((rule) => rule.status === group.status),
  })).filter((group) => group.checks.length > 0);
}
