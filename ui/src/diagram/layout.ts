import type { NextStep } from "../host/bindings/NextStep";
import type { Participant } from "../host/bindings/Participant";
import type { Phase } from "../host/bindings/Phase";
import type { Row } from "../host/bindings/Row";
import type { Micros, Px } from "../shared/units";
import { cutOf } from "../trace/log.svelte";
import type { Cut } from "../trace/log.svelte";

/** Heights are fixed by kind, so that the place of a row is known without drawing the rows above it. */
export const HEIGHTS = {
  comfortable: { exchange: 46, browser: 30, decision: 24, rewound: 30, band: 26 },
  compact: { exchange: 38, browser: 26, decision: 20, rewound: 26, band: 22 },
} as const;
export type Density = keyof typeof HEIGHTS;
export type Heights = (typeof HEIGHTS)[Density];

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
      /** The rewind that gave this part up. */
      givenUpAt: number | null;
      /** The first row below it: names it. */
      first: number;
      /** How many rows it has folded away; none when it is open. */
      folded: number | null;
    }
  | {
      is: "row";
      top: Px;
      row: Row;
      givenUpAt: number | null;
      /** How long nothing was under way before it, where that is long enough to be shown. */
      pause: Micros | null;
      /** How long requests were under way before it, pauses left out. */
      before: Micros;
    };

/** A shorter time without a request is no pause. */
const PAUSE: Micros = 1_000_000;
const NONE: ReadonlySet<number> = new Set();

/** Where the rows stand, from top to bottom. */
export class Stack {
  items: Item[] = [];
  height: Px = 0;
  /** Rows shown; the filter and folded bands leave others out. */
  count = 0;
  /** How long requests were under way, all together. */
  busy: Micros = 0;

  #read = 0;
  /** The last band. */
  #band: Extract<Item, { is: "band" }> | null = null;
  #rows: readonly Row[] = [];
  #cuts: readonly Cut[] = [];
  #shows: (row: Row) => boolean = () => true;
  #heights: Heights = HEIGHTS.comfortable;
  #folded = NONE;
  /** When the last request was over. */
  #end: Micros | null = null;
  #place = new Map<number, number>();
  #position = new Map<number, number>();
  #bands = new Map<number, number>();

  /** Adds what is new. Begins again when older rows change their looks. */
  update(
    rows: readonly Row[],
    length: number,
    cuts: readonly Cut[],
    shows: (row: Row) => boolean,
    heights: Heights = HEIGHTS.comfortable,
    folded = NONE,
  ): void {
    const same =
      rows === this.#rows &&
      cuts === this.#cuts &&
      shows === this.#shows &&
      heights === this.#heights &&
      folded === this.#folded;
    if (!same) this.#empty();
    this.#heights = heights;
    this.#folded = folded;
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

  /** The height of an item. */
  heightOf(item: Item): Px {
    return this.#heights[item.is === "band" ? "band" : item.row.kind.is];
  }

  /** The band that a row would stand below, or has folded away. */
  bandOf(seq: number): number | null {
    return this.#bands.get(seq) ?? null;
  }

  /** The bands of what was given up. */
  get givenUp(): number[] {
    return this.items.flatMap((item) =>
      item.is === "band" && item.givenUpAt !== null ? [item.first] : [],
    );
  }

  /** Counts shown rows from 1. */
  positionOf(seq: number): number | undefined {
    return this.#position.get(seq);
  }

  #empty(): void {
    this.items = [];
    this.height = 0;
    this.count = 0;
    this.busy = 0;
    this.#end = null;
    this.#band = null;
    this.#bands.clear();
    this.#read = 0;
    this.#place.clear();
    this.#position.clear();
  }

  #add(row: Row): void {
    const givenUpAt = cutOf(this.#cuts, row.seq)?.at ?? null;
    const above = this.items.at(-1);
    const { pause, before } = this.#timeOf(row);
    if (row.kind.is !== "rewound") {
      if (!continues(above, row, givenUpAt)) {
        const folded = this.#folded.has(row.seq) ? 0 : null;
        const { phase, seq: first } = row;
        this.#band = { is: "band", top: this.height, phase, givenUpAt, first, folded };
        this.items.push(this.#band);
        this.height += this.#heights.band;
      }
      const band = this.#band!;
      this.#bands.set(row.seq, band.first);
      if (band.folded !== null) {
        band.folded += 1;
        return;
      }
    }
    this.#place.set(row.seq, this.items.length);
    this.items.push({ is: "row", top: this.height, row, givenUpAt, pause, before });
    this.height += this.#heights[row.kind.is];
    this.count += 1;
    this.#position.set(row.seq, this.count);
  }

  /** Counts a row into the times. A row is dated when its request began. */
  #timeOf({ at, kind }: Row): { pause: Micros | null; before: Micros } {
    const before = this.busy;
    if (kind.is !== "exchange") return { pause: null, before };
    const idle = this.#end === null ? 0 : at - this.#end;
    this.busy += kind.duration;
    this.#end = Math.max(this.#end ?? 0, at + kind.duration);
    return { pause: idle >= PAUSE ? idle : null, before };
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
