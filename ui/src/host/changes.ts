import type { Finding } from "./bindings/Finding";
import type { FindingsChange } from "./bindings/FindingsChange";
import type { View } from "./bindings/View";
import type { ViewChange } from "./bindings/ViewChange";

/** What a viewer was told of. */
export interface Told {
  rows: number;
  findings: Finding[];
  view: View;
}

/** The parts of a view that are other ones than before. */
export function viewChange(before: View | null, now: View): ViewChange {
  const parts = Object.entries(now).filter(
    ([part, value]) =>
      JSON.stringify(value) !== (before && JSON.stringify(before[part as keyof View])),
  );
  return Object.fromEntries(parts);
}

/** What is the same at the start stays. */
export function findingsChange(before: Finding[], now: Finding[]): FindingsChange | null {
  if (before === now) return null;
  let same = 0;
  while (same < before.length && before[same] === now[same]) same += 1;
  const added = now.slice(same);
  const removed = before.length - same;
  return removed > 0 || added.length > 0 ? { at: same, removed, added } : null;
}
