import type { ClientRow } from "../host/bindings/ClientRow";
import type { Sign } from "../shared/sign";

/** How far a client comes, as a sign. */
export function signOf(row: ClientRow): Sign {
  if (row.outcome === "stops") return "error";
  if (row.outcome === "ended") return "skipped";
  return row.errors.length > 0 ? "warning" : "ok";
}

/** How far a client comes. */
export function outcomeOf({ outcome, step }: ClientRow): string {
  switch (outcome) {
    case "works":
      return "Works";
    case "up_to_login":
      return "Works up to the login";
    case "stops":
      return step === null ? "Stops" : `Stops at: ${step}`;
    case "ended":
      return "Ended";
  }
}

/** The whole table in one sentence. */
export function summary(rows: ClientRow[]): string {
  const count = (outcome: ClientRow["outcome"]) =>
    rows.filter((row) => row.outcome === outcome).length;
  const parts: [number, string, string][] = [
    [count("works"), "works", "work"],
    [count("up_to_login"), "works up to the login", "work up to the login"],
    [count("stops"), "stops", "stop"],
    [count("ended"), "was ended", "were ended"],
  ];
  const told = parts.filter(([n]) => n > 0).map(([n, one, many]) => `${n} ${n === 1 ? one : many}`);
  return told.length === 0 ? "No client was played." : `${told.join(", ")}.`;
}
