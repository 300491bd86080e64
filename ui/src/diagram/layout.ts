import type { NextStep } from "../host/bindings/NextStep";
import type { Participant } from "../host/bindings/Participant";
import type { Phase } from "../host/bindings/Phase";
import type { Row } from "../host/bindings/Row";
import type { Px } from "../shared/units";
import { cutOf } from "../trace/log.svelte";
import type { Cut } from "../trace/log.svelte";

/** Heights are fixed by kind, so that the place of a row is known without drawing the rows above it. */
export const HEIGHTS = { exchange: 46, browser: 30, decision: 24, rewound: 30, band: 26 } as const;

/** The request that leaves next. */
export const GHOST: Px = 66;

/** Left of the lifelines: the rows' numbers. Right of them: the durations. */
export const NUMBERS: Px = 56;
export const DURATIONS: Px = 78;
const FIRST_LANE: Px = 58;
const LAST_LANE: Px = 92;
const NARROWEST_LANE: Px = 150;

/** Something at a place of its own in the diagram. */
export type Item =
  | {
      is: "band";
      top: Px;
      phase: Phase;
      /** The rewind that gave this part up. */ givenUpAt: number | null;
    }
  | { is: "row"; top: Px; row: Row; givenUpAt: number | null };

/** Where the rows stand, from top to bottom. */
export class Stack {
  items: Item[] = [];
  height: Px = 0;
  /** Rows shown; the filter leaves others out. */
  count = 0;

  #read = 0;
  #rows: readonly Row[] = [];
  #cuts: readonly Cut[] = [];
  #shows: (row: Row) => boolean = () => true;
  #place = new Map<number, number>();
  #position = new Map<number, number>();

  /** Takes in what is new; begins afresh when older rows change their looks. */
  update(
    rows: readonly Row[],
    length: number,
    cuts: readonly Cut[],
    shows: (row: Row) => boolean,
  ): void {
    if (rows !== this.#rows || cuts !== this.#cuts || shows !== this.#shows) this.#empty();
    this.#rows = rows;
    this.#cuts = cuts;
    this.#shows = shows;
    for (; this.#read < length; this.#read += 1) {
      const row = rows[this.#read]!;
      if (shows(row)) this.#add(row);
    }
  }

  /** The items that reach into this part: from the first on, up to but not including the second. */
  between(top: Px, bottom: Px): [first: number, end: number] {
    const first = Math.max(0, this.#firstBelow(top) - 1);
    return [first, this.#firstBelow(bottom)];
  }

  /**
   * What is drawn: the items that reach into this part, and the selected row wherever it is, since
   * the list names it as the active one to screen readers.
   */
  drawn(top: Px, bottom: Px, selected: number | null): Item[] {
    const [first, end] = this.between(top, bottom);
    const items = this.items.slice(first, end);
    const place = selected === null ? undefined : this.#place.get(selected);
    if (place === undefined || (place >= first && place < end)) return items;
    const kept = this.items[place]!;
    return place < first ? [kept, ...items] : [...items, kept];
  }

  /** The top of the first item that begins here or below; the end when there is none. */
  firstFrom(y: Px): Px {
    return y <= 0 ? 0 : (this.items[this.#firstBelow(y - 1)]?.top ?? this.height);
  }

  itemOf(seq: number): Item | undefined {
    const at = this.#place.get(seq);
    return at === undefined ? undefined : this.items[at];
  }

  /** Counts shown rows from 1. */
  positionOf(seq: number): number | undefined {
    return this.#position.get(seq);
  }

  #empty(): void {
    this.items = [];
    this.height = 0;
    this.count = 0;
    this.#read = 0;
    this.#place.clear();
    this.#position.clear();
  }

  #add(row: Row): void {
    const givenUpAt = cutOf(this.#cuts, row.seq)?.at ?? null;
    const above = this.items.at(-1);
    if (row.kind.is !== "rewound" && !continues(above, row, givenUpAt)) {
      this.items.push({ is: "band", top: this.height, phase: row.phase, givenUpAt });
      this.height += HEIGHTS.band;
    }
    this.#place.set(row.seq, this.items.length);
    this.items.push({ is: "row", top: this.height, row, givenUpAt });
    this.height += HEIGHTS[row.kind.is];
    this.count += 1;
    this.#position.set(row.seq, this.count);
  }

  /** Index of the first item whose top is below this. */
  #firstBelow(y: Px): number {
    let low = 0;
    let high = this.items.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.items[middle]!.top > y) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}

export function heightOf(item: Item): Px {
  return item.is === "band" ? HEIGHTS.band : HEIGHTS[item.row.kind.is];
}

/** The lifelines' places across. */
export interface Lanes {
  /** By participant id. */
  x: Map<number, Px>;
  width: Px;
  /** Between two neighbours. */
  spacing: Px;
}

/** Spreads the participants over the width there is; wider than it when they would stand too close. */
export function lanes(participants: readonly Participant[], available: Px): Lanes {
  const gaps = Math.max(1, participants.length - 1);
  const margins = NUMBERS + FIRST_LANE + LAST_LANE + DURATIONS;
  const spacing = Math.max(NARROWEST_LANE, Math.floor((available - margins) / gaps));
  const x = new Map(participants.map(({ id }, at) => [id, NUMBERS + FIRST_LANE + at * spacing]));
  return { x, spacing, width: Math.max(available, margins + gaps * spacing) };
}

/** An arrow between two lifelines; both ends fall together when a participant talks to itself. */
export interface Arrow {
  left: Px;
  right: Px;
  toRight: boolean;
}

export function arrow(from: Px, to: Px): Arrow {
  return { left: Math.min(from, to), right: Math.max(from, to), toRight: to >= from };
}

/** Whom a request that has not left yet will go to; null when nobody of its origin is drawn. */
export function target(next: NextStep, participants: readonly Participant[]): number | null {
  if (next.browser) return participants.find(({ role }) => role === "browser")?.id ?? null;
  if (!URL.canParse(next.request.url)) return null;
  const { origin } = new URL(next.request.url);
  return participants.find((one) => one.origin === origin)?.id ?? null;
}

function continues(above: Item | undefined, row: Row, givenUpAt: number | null): boolean {
  if (!above || above.givenUpAt !== givenUpAt) return false;
  if (above.is === "band") return above.phase === row.phase;
  return above.row.kind.is !== "rewound" && above.row.phase === row.phase;
}
