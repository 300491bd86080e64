import type { Participant } from "../host/bindings/Participant";
import type { Row } from "../host/bindings/Row";
import { duration, plural } from "../shared/units";
import type { Badge } from "../trace/log.svelte";

/** A row in words, for screen readers. */
export function spoken(
  row: Row,
  participants: readonly Participant[],
  badge: Badge | undefined,
  givenUpAt: number | null,
): string {
  const parts = [`${row.seq}.`, inWords(row, participants)];
  if (badge?.error) parts.push(plural(badge.error, "error"));
  if (badge?.warning) parts.push(plural(badge.warning, "warning"));
  if (badge?.note) parts.push(plural(badge.note, "note"));
  if (givenUpAt !== null) parts.push(`given up by the rewind at ${givenUpAt}`);
  return parts.join(" ").replace(/\s+/g, " ");
}

/** "15 → 17" as it is copied: plain text of a row. */
function inWords({ kind }: Row, participants: readonly Participant[]): string {
  switch (kind.is) {
    case "exchange": {
      const who = `${nameOf(participants, kind.from)} to ${nameOf(participants, kind.to)}:`;
      const answer =
        kind.status === null ? `failed: ${kind.failure ?? "no answer"}` : `answered ${kind.status}`;
      const edited = `${kind.edited ? "edited," : ""}${kind.answer_edited ? " answer edited," : ""}`;
      const verdict = kind.verdict ? `, ${kind.verdict.text}` : "";
      return `${who} ${kind.method} ${kind.path} ${kind.label}, ${edited} ${answer}${verdict}, ${duration(kind.duration)}.`;
    }
    case "browser":
      return `Browser opened at ${kind.path}.`;
    case "decision":
      return kind.text;
    case "rewound":
      return `Rewound to ${kind.to}.`;
  }
}

function nameOf(participants: readonly Participant[], id: number): string {
  return participants.find((participant) => participant.id === id)?.name ?? "unknown";
}
