import type { Breakpoint } from "./bindings/Breakpoint";
import type { BreakpointView } from "./bindings/BreakpointView";
import type { BrowserGuide } from "./bindings/BrowserGuide";
import type { Exchange } from "./bindings/Exchange";
import type { Level } from "./bindings/Level";
import type { PartMeaning } from "./bindings/PartMeaning";
import type { Phase } from "./bindings/Phase";
import type { Purpose } from "./bindings/Purpose";
import type { Request } from "./bindings/Request";
import type { Section } from "./bindings/Section";
import type { StepGuide } from "./bindings/StepGuide";
import type { Term } from "./bindings/Term";
import type { Tour } from "./bindings/Tour";
import guide from "./bindings/guide.json";
import { MAIN, MORE } from "./rows";

// What the program tells beginners, written with the types; how it is told of a message is about what the program does.

export const TERMS = guide.terms as Term[];
export const BROWSER_SHOWS = guide.browser_shows as BrowserGuide[];
export const TOUR = guide.tour as Tour;

const PHASES = new Map(guide.phases as [Phase, string][]);
const STEPS = guide.steps as unknown as [StepGuide, Purpose][];
const NAMES = guide.names as {
  name: string;
  kind: string;
  meaning: string;
  source: Section | null;
}[];

const LEVELS: Record<Level, string> = {
  note: "Any finding",
  warning: "A finding that is a warning or an error",
  error: "A finding that is an error",
};

export function phaseInASentence(phase: Phase): string {
  return PHASES.get(phase) ?? "What was asked for by hand, besides the flow.";
}

export function stepGuide(purpose: Purpose): StepGuide | null {
  const grant = "grant" in purpose ? purpose.grant : null;
  const found = STEPS.find(
    ([, known]) => known.is === purpose.is && ("grant" in known ? known.grant : null) === grant,
  );
  return found?.[0] ?? null;
}

export function meaningsOfRequest(request: Request): PartMeaning[] {
  const query = new URLSearchParams(request.url.split("?")[1] ?? "");
  const body = "text" in request.body.content ? request.body.content.text : "";
  const isForm = /^[\w.]+=/.test(body);
  return [
    ...request.headers.flatMap(({ name }) => header("request_header", name)),
    ...[...query.keys()].flatMap((name) => named("query", name, ["parameter"])),
    ...(isForm ? [...new URLSearchParams(body).keys()] : []).flatMap((name) =>
      named("form", name, ["parameter"]),
    ),
    ...members("request_member", body),
  ];
}

export function meaningsOf({ request, outcome }: Exchange): PartMeaning[] {
  if (outcome.is !== "response") return meaningsOfRequest(request);
  const body = "text" in outcome.body.content ? outcome.body.content.text : "";
  return [
    ...meaningsOfRequest(request),
    ...outcome.headers.flatMap(({ name }) => header("response_header", name)),
    ...members("response_member", body),
  ];
}

export function breakpointView(breakpoint: Breakpoint): BreakpointView {
  return { breakpoint, words: words(breakpoint) };
}

function words({ on, answer }: Breakpoint): string {
  const at = answer ? "The answer to" : "Before";
  const phase = (of: Phase) => [...MAIN, ...MORE].find(([known]) => known === of)?.[1];
  switch (on.is) {
    case "phase":
      return `${answer ? "Answers in" : "Before requests of"} the phase ${phase(on.phase)}`;
    case "request":
      return `${at} ${stepGuide(on.purpose)?.name ?? "requests that belong to no flow"}`;
    case "url":
      return `${at} a request to a URL like ${on.pattern}`;
    case "status":
      return `Answers with the status ${on.status}`;
    case "rule":
      return `A finding of ${on.code}`;
    case "level":
      return LEVELS[on.level];
  }
}

function header(of: PartMeaning["of"], name: string): PartMeaning[] {
  const lower = name.toLowerCase();
  const found = NAMES.find((one) => one.kind === "header" && one.name.toLowerCase() === lower);
  return found ? [told(of, lower, found)] : [];
}

function named(of: PartMeaning["of"], name: string, kinds: string[]): PartMeaning[] {
  const found = NAMES.find((one) => one.name === name && kinds.includes(one.kind));
  return found ? [told(of, name, found)] : [];
}

function told(of: PartMeaning["of"], name: string, found: (typeof NAMES)[number]): PartMeaning {
  const all = { of, name, meaning: found.meaning };
  return found.source ? { ...all, source: found.source } : all;
}

/** The outermost members, and those of the parameters and the result of a message of MCP. */
function members(of: PartMeaning["of"], body: string): PartMeaning[] {
  let document: unknown;
  try {
    document = JSON.parse(body);
  } catch {
    return [];
  }
  const within = (above: string, value: unknown): PartMeaning[] =>
    typeof value !== "object" || value === null || Array.isArray(value)
      ? []
      : Object.entries(value).flatMap(([name, inner]) => {
          const found = NAMES.find((one) => one.name === name && one.kind.startsWith("member"));
          const here = `${above}/${name}`;
          const own = found ? [told(of, here, found)] : [];
          return ["params", "result"].includes(name) ? [...own, ...within(here, inner)] : own;
        });
  return within("", document);
}
