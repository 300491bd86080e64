import type { Row } from "../host/bindings/Row";
import { asksForFindings, filterOf } from "./filter";
import type { Known } from "./filter";
import type { Log } from "./log.svelte";

/** Which rows the diagram shows. */
export interface Filter {
  text: string;
  decisions: boolean;
  movedOn: boolean;
}

export const EVERYTHING: Filter = { text: "", decisions: true, movedOn: true };

const NONE: Known["badges"] = new Map();

/** The row that is looked at, and which rows are to be seen at all. */
export class Selection {
  seq = $state<number | null>(null);
  /** New answers are selected as they come, until an earlier row is picked. */
  following = $state(true);
  filter = $state.raw<Filter>(EVERYTHING);

  /** Says which rows are to be seen. A new function whenever its answers may have changed. */
  readonly shows = $derived.by(() => {
    const { participants } = this.#log;
    const badges = this.#asksForFindings ? this.#log.badges : NONE;
    return showing(this.filter, { badges, participants });
  });

  readonly #asksForFindings = $derived(asksForFindings(this.filter.text));
  readonly #log: Log;

  constructor(log: Log) {
    this.#log = log;
  }

  clear(): void {
    this.seq = null;
    this.following = true;
    this.filter = EVERYTHING;
  }

  pick(seq: number): void {
    this.seq = seq;
    this.following = seq === this.#last();
  }

  follow(): void {
    this.following = true;
    this.newest();
  }

  /** Selects the newest exchange while following. */
  newest(): void {
    if (!this.following) return;
    const last = this.#last();
    if (last !== null) this.seq = last;
  }

  /** Moves by so many visible rows; from nothing, to the first or the last. */
  move(by: number): void {
    const visible = this.#visible();
    if (visible.length === 0) return;
    const at = visible.findIndex((row) => row.seq === this.seq);
    const to = at < 0 ? (by > 0 ? 0 : visible.length - 1) : clamp(at + by, 0, visible.length - 1);
    this.pick(visible[to]!.seq);
  }

  first(): void {
    const row = this.#visible()[0];
    if (row) this.pick(row.seq);
  }

  last(): void {
    const row = this.#visible().at(-1);
    if (row) this.pick(row.seq);
  }

  #visible(): Row[] {
    return this.#log.rows.filter(this.shows);
  }

  #last(): number | null {
    for (let at = this.#log.rows.length - 1; at >= 0; at -= 1) {
      const row = this.#log.rows[at]!;
      if ((row.kind.is === "exchange" || row.kind.is === "browser") && this.shows(row))
        return row.seq;
    }
    return null;
  }
}

/** Says which rows pass the filter. Rewinds always do: they explain the order. */
export function showing(filter: Filter, known: Known): (row: Row) => boolean {
  const fits = filterOf(filter.text);
  return (row) => {
    const { kind } = row;
    if (kind.is === "rewound") return true;
    if (kind.is === "decision" && !filter.decisions) return false;
    if (kind.is === "exchange" && kind.verdict?.kind === "moved_on" && !filter.movedOn)
      return false;
    return fits(row, known);
  };
}

function clamp(n: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, n));
}
