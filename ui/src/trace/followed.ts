import type { FollowedValue } from "./following.svelte";
import type { Part } from "../host/bindings/Part";
import type { ValuePlace } from "../host/bindings/ValuePlace";

/** All places that light up: those of the value, and of what is computed from it. */
export function placesOf(followed: FollowedValue | null): ValuePlace[] {
  if (!followed) return [];
  return [...followed.told.places, ...followed.told.computed.flatMap(({ places }) => places)];
}

/** The places in one row. */
export function placesIn(followed: FollowedValue | null, seq: number): ValuePlace[] {
  return placesOf(followed).filter(({ entry }) => entry === seq);
}

/** Whether a text is the value, or a hash that goes with it. */
export function isLit(followed: FollowedValue | null, text: string): boolean {
  if (!followed) return false;
  const { value, told } = followed;
  return (
    text === value ||
    told.computed.some(({ result, instead }) => text === result || text === instead)
  );
}

/** Rows with a place, in order, each once. */
export function rowsOf(followed: FollowedValue | null): number[] {
  return [...new Set(placesOf(followed).map(({ entry }) => entry))].sort((a, b) => a - b);
}

export function isPart(place: ValuePlace, is: Part["is"], name?: string): boolean {
  const { part } = place;
  if (part.is !== is) return false;
  return name === undefined || ("name" in part && part.name.toLowerCase() === name.toLowerCase());
}
