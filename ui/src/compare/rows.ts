import type { ComparedRow } from "../host/bindings/ComparedRow";
import type { Comparison } from "../host/bindings/Comparison";

/** Whether a row makes a difference. */
export function differs(row: ComparedRow): boolean {
  return ["different", "only_a", "only_b"].includes(row.state);
}

/** The numbers of the rows that are shown: those that differ, or all. */
export function shownRows(comparison: Comparison, all: boolean): number[] {
  const numbers = comparison.rows.keys();
  return [...numbers].filter((at) => {
    const row = comparison.rows[at];
    return row !== undefined && (all || differs(row));
  });
}

/** How many values were folded. */
export function folded(comparison: Comparison): number {
  return comparison.noise.reduce((sum, { count }) => sum + count, 0);
}

/** What stands for a value. */
export function valueOf(value: string | null): string {
  if (value === null) return "not there";
  return value === "" ? "empty" : value;
}
