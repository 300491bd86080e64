import type { Finding } from "../host/bindings/Finding";
import type { View } from "../host/bindings/View";
import type { Sign } from "../shared/sign";
import { plural } from "../shared/units";

/** What the window says of a run, in every place the same. */
export interface Answer {
  sign: Sign;
  /** How it stands, in a few words: "Works, with 1 error". */
  state: string;
  /** What has to be changed first; none where nothing has to be. */
  finding: Finding | null;
  /** The sentence that stands where there is no finding to tell. */
  text: string;
}

/** There is something that somebody can put right before the next run. */
export function canBeFixed({ finding }: Answer): boolean {
  return finding !== null && finding.owner !== "nobody";
}

/** `findings`: those that count, in the program's order: the root cause first. */
export function answerOf(view: View | null, findings: readonly Finding[], sent: number): Answer {
  const worst = findings.find(({ level }) => level !== "note") ?? null;
  const status = view?.status;
  const verdict = view?.verdict ?? null;
  if (verdict === null || status === undefined) {
    if (worst) return { sign: worst.level, state: "So far", finding: worst, text: worst.title };
    if (sent === 0)
      return {
        sign: "pending",
        state: "Before the first request",
        finding: null,
        text: "Nothing to judge yet",
      };
    return { sign: "pending", state: "So far", finding: null, text: "Nothing found wrong" };
  }
  const { cause } = verdict;
  const finding =
    cause === null
      ? null
      : (findings.find((one) => one.code === cause.code && one.exchange === cause.exchange) ??
        worst);
  switch (verdict.ending) {
    case "works":
    case "works_but": {
      const bad = verdict.ending === "works_but";
      const text = bad ? verdict.text : "The flow works: nothing found wrong";
      return { ...howWell(findings, bad), finding, text };
    }
    case "stopped": {
      const text = "message" in status ? status.message : verdict.text;
      const state = `Stopped${place(view, verdict.phase)}`;
      return { sign: finding?.level ?? "error", state, finding, text };
    }
    case "ended": {
      // What another one recorded ends where it ends, by whatever cause.
      const state = view?.recording ? "End of the recording" : "Ended by you";
      return { sign: finding?.level ?? "skipped", state, finding, text: verdict.text };
    }
  }
}

/** "Works, with 1 error and 2 warnings". Notes do not lessen a success. */
function howWell(findings: readonly Finding[], bad: boolean): Pick<Answer, "sign" | "state"> {
  const count = (level: Finding["level"]) => findings.filter((one) => one.level === level).length;
  const [errors, warnings] = [count("error"), count("warning")];
  const parts = [];
  if (errors > 0) parts.push(plural(errors, "error"));
  if (warnings > 0) parts.push(plural(warnings, "warning"));
  const state = parts.length > 0 ? `Works, with ${parts.join(" and ")}` : "Works";
  if (errors > 0) return { sign: "error", state };
  // What was asked for besides the flow was refused, and no rule calls that an error.
  if (bad) return { sign: "error", state: "Works, but not all that was asked for" };
  return { sign: warnings > 0 ? "warning" : "ok", state };
}

function place(view: View | null, phase: string | null): string {
  const title = view?.phases.find((one) => one.phase === phase)?.title;
  return title ? `: ${title}` : "";
}
