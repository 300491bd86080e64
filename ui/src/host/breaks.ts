import type { Breakpoint } from "./bindings/Breakpoint";
import type { ScriptRow, ScriptStep } from "./fixtures/script";

/** The breakpoint that a step of the fake meets: before its request, or with its answer. */
export function metBy(
  all: Breakpoint[],
  step: ScriptStep,
  row: ScriptRow | undefined,
  answer: boolean,
): Breakpoint | null {
  const fits = ({ on, enabled, answer: atAnswer }: Breakpoint): boolean => {
    if (!enabled || row?.is !== "exchange") return false;
    const { outcome, purpose, request } = row.exchange;
    if (on.is === "status") {
      const pattern = new RegExp(`^${on.status.replace(/x/gi, "\\d")}$`);
      return answer && outcome.is === "response" && pattern.test(String(outcome.status));
    }
    if (answer !== atAnswer) return false;
    if (on.is === "phase") return on.phase === step.phase;
    if (on.is === "request") return JSON.stringify(on.purpose) === JSON.stringify(purpose);
    return on.is === "url" && request.url.includes(on.pattern);
  };
  return all.find(fits) ?? null;
}
