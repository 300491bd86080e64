import type { Participant } from "../host/bindings/Participant";
import type { Role } from "../host/bindings/Role";
import type { Row } from "../host/bindings/Row";
import type { Badge } from "./log.svelte";

/** What filter words ask about besides the row itself. */
export interface Known {
  badges: ReadonlyMap<number, Badge>;
  participants: readonly Participant[];
}

type Test = (row: Row, known: Known) => boolean;

/** The words that ask for more than a text, for the field's own help. */
export const FILTER_HELP =
  "Words, or status:4xx  is:finding  is:failed  is:edited  to:as  from:mcp  method:post  phase:token; a minus leaves out";

/** Short names of participants. */
const ROLES: Record<string, Role> = {
  client: "client",
  browser: "browser",
  mcp: "mcp_server",
  rs: "mcp_server",
  as: "authorization_server",
  idp: "identity_provider",
};

/** Whether what a filter says of a row may change with its findings. */
export function asksForFindings(text: string): boolean {
  return /(^|\s)-?is:(finding|error|warning|note)s?(\s|$)/i.test(text);
}

/** All words have to fit; a word with a minus must not. A key that is not known is a plain word. */
export function filterOf(text: string): Test {
  const tests = text.trim().toLowerCase().split(/\s+/).filter(Boolean).map(testOf);
  return (row, known) => tests.every((fits) => fits(row, known));
}

function testOf(word: string): Test {
  if (word.length > 1 && word.startsWith("-")) {
    const fits = testOf(word.slice(1));
    return (row, known) => !fits(row, known);
  }
  const [, key, value] = /^(status|is|to|from|method|phase):(.+)$/.exec(word) ?? [];
  switch (key) {
    case "status":
      return ({ kind }) => kind.is === "exchange" && isStatus(kind.status, value!);
    case "method":
      return ({ kind }) => kind.is === "exchange" && kind.method.toLowerCase() === value;
    case "phase":
      return ({ phase }) => phase.replaceAll("_", "").startsWith(value!.replace(/[-_ ]/g, ""));
    case "to":
      return ({ kind }, { participants }) =>
        kind.is === "exchange" && isParticipant(participants, kind.to, value!);
    case "from":
      return ({ kind }, { participants }) =>
        kind.is === "exchange" && isParticipant(participants, kind.from, value!);
    case "is":
      return isOf(value!.replace(/s$/, "")) ?? plain(word);
    default:
      return plain(word);
  }
}

function plain(word: string): Test {
  return (row) => wordsOf(row).toLowerCase().includes(word);
}

/** "404", "4xx", "none" for no answer at all. */
function isStatus(status: number | null, wanted: string): boolean {
  if (status === null) return wanted === "none";
  const digits = String(status);
  return wanted.length === 3 && [...wanted].every((one, at) => one === "x" || one === digits[at]);
}

function isParticipant(all: readonly Participant[], id: number, wanted: string): boolean {
  const one = all.find((participant) => participant.id === id);
  if (!one) return false;
  const role = ROLES[wanted];
  return role ? one.role === role : (one.origin ?? one.name).toLowerCase().includes(wanted);
}

function isOf(what: string): Test | null {
  switch (what) {
    case "finding":
      return ({ seq }, { badges }) => badges.has(seq);
    case "error":
    case "warning":
    case "note":
      return ({ seq }, { badges }) => (badges.get(seq)?.[what] ?? 0) > 0;
    case "failed":
      return ({ kind }) =>
        kind.is === "exchange" && (kind.failure !== null || kind.verdict?.kind === "rejected");
    case "edited":
      return ({ kind }) => kind.is === "exchange" && kind.edited;
    case "exchange":
    case "browser":
    case "decision":
      return ({ kind }) => kind.is === what;
    default:
      return null;
  }
}

/** The words of a row that a filter looks at. */
export function wordsOf({ seq, kind }: Row): string {
  switch (kind.is) {
    case "exchange":
      return [
        `#${seq}`,
        kind.method,
        kind.path,
        kind.label,
        kind.status ?? "",
        kind.failure ?? "",
        kind.verdict?.text ?? "",
      ].join(" ");
    case "browser":
      return `#${seq} open ${kind.path}`;
    case "decision":
      return `#${seq} ${kind.text}`;
    case "rewound":
      return `#${seq}`;
  }
}
