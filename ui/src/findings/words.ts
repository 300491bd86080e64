import type { Certainty } from "../host/bindings/Certainty";
import type { Finding } from "../host/bindings/Finding";
import type { Owner } from "../host/bindings/Owner";
import type { Part } from "../host/bindings/Part";
import type { Row } from "../host/bindings/Row";
import type { Status } from "../host/bindings/Status";

export const OWNERS: Record<Owner, string> = {
  mcp_server: "MCP server",
  authorization_server: "Authorization server",
  network: "Network",
  client: "Client",
  nobody: "Nobody",
};

export const CERTAINTIES: Record<Certainty, string> = {
  certain: "certain",
  likely: "likely",
  not_checked: "not checked",
};

/** Tells findings of a run apart. */
export function keyOf({ rule, variant, exchange, part }: Finding): string {
  return [rule, variant ?? "", exchange ?? "", part ? partInWords(part) : ""].join(" ");
}

/** Findings by who has to act, in the order in which the program tells them. */
export function groupsOf(findings: readonly Finding[]): { owner: Owner; findings: Finding[] }[] {
  const groups: { owner: Owner; findings: Finding[] }[] = [];
  let group: (typeof groups)[number] | undefined;
  for (const finding of findings) {
    // What comes of another finding stands below it, whoever it is about.
    if (finding.cause === undefined || !group) {
      group = groups.find(({ owner }) => owner === finding.owner);
      if (!group) groups.push((group = { owner: finding.owner, findings: [] }));
    }
    group.findings.push(finding);
  }
  return groups;
}

/** Where in the exchange a finding shows, for people. */
export function partInWords(part: Part): string {
  switch (part.is) {
    case "request_url":
      return "request URL";
    case "request_header":
      return `request header ${part.name}`;
    case "request_body":
      return "request body";
    case "status":
      return "status";
    case "response_header":
      return `response header ${part.name}`;
    case "response_body":
      return part.pointer ? `response body ${part.pointer}` : "response body";
  }
}

/** What a row itself says of a failure; null when it is none. */
export function failureOf(row: Row | undefined): string | null {
  if (row?.kind.is !== "exchange") return null;
  if (row.kind.failure !== null) return row.kind.failure;
  return row.kind.verdict?.kind === "rejected" ? row.kind.verdict.text : null;
}

/** What stands where there is no finding about a row. It never contradicts the verdict above it. */
export function noFindingHere(failed: string | null, status: Status | null, found: number): string {
  if (failed !== null) return `No rule explains this failure: ${failed}`;
  if (found > 0) return "No finding is about this row.";
  return wentWrong(status) ?? "Nothing was found wrong here.";
}

/** The same for the whole run. */
export function noFindingInRun(status: Status | null, over: boolean): string {
  return wentWrong(status) ?? `Nothing was found wrong in this run${over ? "" : " so far"}.`;
}

/** How a run that did not reach its end came to stand, where no rule has spoken. */
function wentWrong(status: Status | null): string | null {
  if (status?.is === "stopped") return `No rule explains why the run stopped: ${status.message}`;
  if (status?.is === "ended") return `No rule has found a fault. ${status.message}`;
  return null;
}
