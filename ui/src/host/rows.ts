import type { Entry } from "./bindings/Entry";
import type { Phase } from "./bindings/Phase";
import type { Row } from "./bindings/Row";
import type { ScriptRow } from "./fixtures/script";

/** The phases that are always there. */
export const MAIN: [Phase, string][] = [
  ["challenge", "Challenge"],
  ["resource_metadata", "Resource metadata"],
  ["server_metadata", "Server metadata"],
  ["registration", "Registration"],
  ["authorization", "Authorization"],
  ["token", "Token"],
  ["mcp", "MCP"],
];

/** Those that are there once something is in them. */
export const MORE: [Phase, string][] = [
  ["refresh", "Refresh"],
  ["step_up", "Step-up"],
  ["extra", "Extra"],
];

export function rowKind(given: ScriptRow): Row["kind"] {
  if (given.is === "decision") return given;
  if (given.is === "browser") return { is: "browser", path: given.path, how: given.how };
  const { from, to, request, label, outcome, verdict, timings, edited } = given.exchange;
  const answer_edited = given.exchange.answer_edited ?? false;
  return {
    is: "exchange",
    from,
    to,
    method: request.method,
    path: given.path,
    label,
    status: outcome.is === "response" ? outcome.status : null,
    failure: outcome.is === "failure" ? outcome.message : null,
    verdict,
    duration: timings.total,
    edited,
    answer_edited,
  };
}

export function kindOf(row: Row, kept: ScriptRow | undefined): Entry["kind"] {
  if (kept?.is === "exchange") return { ...kept.exchange, is: "exchange" };
  if (kept?.is === "browser") return { is: "browser_opened", url: kept.url, how: kept.how };
  if (row.kind.is === "rewound") return { is: "rewound", to: row.kind.to };
  return { is: "decision", what: "ended" };
}

export function now(): number {
  return Date.now() * 1_000;
}
