declare const unit: unique symbol;

/** A duration, or microseconds since 1970-01-01T00:00:00Z. */
export type Micros = number & { readonly [unit]?: "Micros" };
/** CSS pixels. */
export type Px = number & { readonly [unit]?: "Px" };

const SECOND = 1_000_000;

/** "38 ms", "9.4 s", "2 min 5 s": as short as it stays true. */
export function duration(micros: Micros): string {
  if (micros < 1_000) return `${micros} µs`;
  if (micros < 10_000) return `${(micros / 1_000).toFixed(1)} ms`;
  if (micros < SECOND) return `${Math.round(micros / 1_000)} ms`;
  if (micros < 60 * SECOND) return `${(micros / SECOND).toFixed(1)} s`;
  const seconds = Math.round(micros / SECOND);
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

/** What is left of a time, for a clock that counts down: "4:05", "1:02:09". Never below zero. */
export function countdown(micros: Micros): string {
  const seconds = Math.max(0, Math.ceil(micros / SECOND));
  const two = (n: number) => String(n).padStart(2, "0");
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

/** "today 14:02", "yesterday 09:30", "12 Nov 2026". */
export function when(micros: Micros, now: Micros): string {
  const then = new Date(micros / 1_000);
  const days = Math.round((midnight(new Date(now / 1_000)) - midnight(then)) / 86_400_000);
  const time = then.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });
  if (days === 0) return `today ${time}`;
  if (days === 1) return `yesterday ${time}`;
  return then.toLocaleDateString("en-GB", { day: "numeric", month: "short", year: "numeric" });
}

/** "14:02:09.125", local time. */
export function timeOfDay(micros: Micros): string {
  const then = new Date(micros / 1_000);
  const time = then.toLocaleTimeString("en-GB");
  return `${time}.${String(then.getMilliseconds()).padStart(3, "0")}`;
}

/** "102 B", "4.1 kB", "10 MB"; powers of ten. */
export function size(bytes: number): string {
  if (bytes < 1_000) return `${bytes} B`;
  if (bytes < 1_000_000) return `${(bytes / 1_000).toFixed(bytes < 10_000 ? 1 : 0)} kB`;
  return `${(bytes / 1_000_000).toFixed(bytes < 10_000_000 ? 1 : 0)} MB`;
}

export function plural(n: number, one: string, many = one + "s"): string {
  return `${n.toLocaleString("en")} ${n === 1 ? one : many}`;
}

function midnight(day: Date): number {
  return new Date(day.getFullYear(), day.getMonth(), day.getDate()).getTime();
}
