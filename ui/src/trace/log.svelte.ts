import { answerOf } from "../findings/answer";
import type { Finding } from "../host/bindings/Finding";
import type { Level } from "../host/bindings/Level";
import type { Participant } from "../host/bindings/Participant";
import type { Phase } from "../host/bindings/Phase";
import type { Row } from "../host/bindings/Row";
import type { Update } from "../host/bindings/Update";
import type { View } from "../host/bindings/View";

/** Entries from `to` up to, not including, `at` were given up by a rewind. */
export interface Cut {
  to: number;
  at: number;
}

/** How many findings of each level an entry has. */
export type Badge = Record<Level, number>;

/**
 * What the program has told about a document. The rows are a plain array that only grows: nothing watches it but its
 * length, so that thousands of rows cost nothing.
 */
export class Log {
  rows: Row[] = [];
  length = $state(0);
  /** The document it is about; 0 before there is one. */
  document = $state(0);
  participants = $state.raw<Participant[]>([]);
  findings = $state.raw<Finding[]>([]);
  view = $state.raw<View | null>(null);
  cuts = $state.raw<Cut[]>([]);
  exchanges = $state(0);

  /** Findings by the entry that shows them. */
  readonly badges = $derived.by(() => {
    const badges = new Map<number, Badge>();
    for (const finding of this.findings) {
      if (finding.exchange === null) continue;
      const badge = badges.get(finding.exchange) ?? { error: 0, warning: 0, note: 0 };
      badge[finding.level] += 1;
      badges.set(finding.exchange, badge);
    }
    return badges;
  });

  readonly counts = $derived.by(() => {
    const counts: Badge = { error: 0, warning: 0, note: 0 };
    for (const finding of this.findings) counts[finding.level] += 1;
    return counts;
  });

  receive(updates: Update[]): void {
    for (const update of updates) this.#take(update);
  }

  /** The row with this number. */
  row(seq: number): Row | undefined {
    // Numbers count from 1 without gaps.
    return this.rows[seq - 1];
  }

  /** The entry belongs to a branch that was given up. */
  abandoned(seq: number): boolean {
    return cutOf(this.cuts, seq) !== null;
  }

  /** Findings of one entry, in the program's order. */
  findingsOf(seq: number): Finding[] {
    return this.findings.filter((finding) => finding.exchange === seq);
  }

  /** The findings that are not about a branch given up, in the program's order: root cause first. */
  readonly present = $derived(
    this.findings.filter((f) => f.exchange === null || !this.abandoned(f.exchange)),
  );

  /** What is said of the run, wherever it is said. */
  readonly answer = $derived(answerOf(this.view, this.present, this.exchanges));

  /** The worst level among the present findings of each phase. */
  readonly levels = $derived.by(() => {
    const levels = new Map<Phase, { level: Level; seq: number }>();
    for (const { exchange, level } of this.present) {
      const phase = exchange === null ? undefined : this.row(exchange)?.phase;
      if (phase === undefined || exchange === null) continue;
      const before = levels.get(phase);
      if (!before || LEVELS[level] < LEVELS[before.level])
        levels.set(phase, { level, seq: exchange });
    }
    return levels;
  });

  #take(update: Update): void {
    if (update.whole) {
      this.document = update.document;
      this.rows = [];
      this.length = 0;
      this.participants = [];
      this.findings = [];
      this.view = null;
      this.cuts = [];
      this.exchanges = 0;
    }
    // A late update of an earlier document.
    if (update.document !== this.document) return;
    for (const row of update.rows ?? []) {
      this.rows.push(row);
      if (row.kind.is === "exchange") this.exchanges += 1;
      if (row.kind.is === "rewound") this.cuts = [...this.cuts, { to: row.kind.to, at: row.seq }];
    }
    this.length = this.rows.length;
    if (update.participants) this.participants = update.participants;
    if (update.findings) {
      const { at, removed, added } = update.findings;
      this.findings = this.findings.toSpliced(at, removed, ...added);
    }
    // The first change of a document holds every part.
    if (update.view) this.view = { ...this.view, ...update.view } as View;
  }
}

/** The rewind that gave an entry up. */
export function cutOf(cuts: readonly Cut[], seq: number): Cut | null {
  return cuts.find((cut) => cut.to <= seq && seq < cut.at) ?? null;
}

const LEVELS: Record<Level, number> = { error: 0, warning: 1, note: 2 };
