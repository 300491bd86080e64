import type { Breakpoint } from "../host/bindings/Breakpoint";

/** The breakpoints with one more; one that is there already is switched on instead. */
export function withOne(all: Breakpoint[], added: Breakpoint): Breakpoint[] {
  return [...all.filter((one) => !same(one, added)), added];
}

function same(a: Breakpoint, b: Breakpoint): boolean {
  return a.answer === b.answer && JSON.stringify(a.on) === JSON.stringify(b.on);
}
