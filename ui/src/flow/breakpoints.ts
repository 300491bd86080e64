import type { Breakpoint } from "../host/bindings/Breakpoint";
import type { PhaseState } from "../host/bindings/PhaseState";
import type { Purpose } from "../host/bindings/Purpose";

/** The breakpoints with one more; one that is there already is switched on instead. */
export function withOne(all: Breakpoint[], added: Breakpoint): Breakpoint[] {
  return [...all.filter((one) => !same(one, added)), added];
}

/** What a breakpoint waits for, in words. */
export function wordsOf({ on, answer }: Breakpoint, phases: PhaseState[]): string {
  switch (on.is) {
    case "phase": {
      const title = phases.find(({ phase }) => phase === on.phase)?.title ?? on.phase;
      return at(`the phase ${title}`, answer);
    }
    case "request":
      return at(requestOf(on.purpose), answer);
    case "url":
      return at(`a URL like ${on.pattern}`, answer);
    case "status":
      return `Answers with the status ${on.status}`;
    case "rule":
      return `A finding of ${on.code}`;
    case "level":
      return on.level === "note" ? "Any finding" : `A finding: ${on.level}${worse(on.level)}`;
  }
}

function at(what: string, answer: boolean): string {
  return answer ? `Answers of ${what}` : `Requests of ${what}`;
}

function worse(level: string): string {
  return level === "warning" ? " or error" : "";
}

function requestOf(purpose: Purpose): string {
  const name = purpose.is.replaceAll("_", " ");
  if ("method" in purpose) return `the kind ${name} ${purpose.method}`;
  if ("grant" in purpose) return `the kind ${name} ${purpose.grant}`;
  return `the kind ${name}`;
}

function same(a: Breakpoint, b: Breakpoint): boolean {
  return a.answer === b.answer && JSON.stringify(a.on) === JSON.stringify(b.on);
}
