import type { CheckStatus } from "./bindings/CheckStatus";
import type { Finding } from "./bindings/Finding";
import type { RuleCheck } from "./bindings/RuleCheck";

/** Some rules that found nothing: enough of them to fill a list. */
const OTHERS: [string, string, string, CheckStatus, string, number | null][] = [
  [
    "N01",
    "transport_failure",
    "A server that is needed does not answer",
    "passed",
    "Looked at requests.",
    2,
  ],
  [
    "D40",
    "challenge_unparsable",
    "The challenge cannot be read",
    "passed",
    "Looked at challenges in WWW-Authenticate.",
    2,
  ],
  [
    "T41",
    "token_request_refused",
    "The token endpoint refuses the request",
    "not_reached",
    "The run stopped before there were token requests.",
    null,
  ],
  [
    "DV1",
    "device_answer_incomplete",
    "The device authorization answer is incomplete",
    "not_applicable",
    "There were no device authorization requests in this run.",
    null,
  ],
  [
    "J05",
    "expires_in_wrong",
    "expires_in promises a longer life than the access token has",
    "not_checked",
    "The access token is no JWT that can be read.",
    12,
  ],
];

/** The ledger that the real program would give on a fixture: in short, as the fake needs it. */
export function rulesOf(findings: Finding[], over: boolean): RuleCheck[] {
  if (!over) return [];
  const found = findings.map(({ code, rule, title, level, exchange }) => ({
    code,
    rule,
    title,
    status: level === "note" ? ("passed" as const) : ("failed" as const),
    reason: `${title}.`,
    exchange,
  }));
  const others = OTHERS.filter(([code]) => found.every((one) => one.code !== code)).map(
    ([code, rule, title, status, reason, exchange]) => ({
      code,
      rule,
      title,
      status,
      reason,
      exchange,
    }),
  );
  return [...found, ...others];
}
