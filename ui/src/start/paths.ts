import type { OptionInfo } from "../host/bindings/OptionInfo";
import type { Options } from "../host/bindings/Options";
import type { Tables } from "../host/bindings/Tables";

type Members = Record<string, unknown>;

/** The value of an option; null where there is none. */
export function get(options: Options, id: string): unknown {
  let place: unknown = options;
  for (const member of id.split(".")) {
    if (place === null || typeof place !== "object") return null;
    place = (place as Members)[member];
  }
  return place ?? null;
}

/** Sets an option in place. A part that is there only as a whole comes and goes with what is in it. */
export function set(tables: Tables, options: Options, id: string, value: unknown): void {
  const path = id.split(".");
  const last = path.pop()!;
  const parent = path.join(".");
  let place = options as unknown as Members;
  for (const member of path) {
    if (place[member] === null) place[member] = {};
    place = place[member] as Members;
  }
  place[last] = value;
  if (parent === "" || get(tables.defaults, parent) !== null) return;
  const parts = tables.options.filter((info) => info.id.startsWith(`${parent}.`));
  if (parts.some((info) => info.when !== null)) return;
  for (const info of parts) place[info.id.slice(parent.length + 1)] ??= empty(info);
  if (parts.every((info) => !isGiven(options, info.id))) {
    const owner = get(options, path.slice(0, -1).join(".")) ?? options;
    (owner as Members)[path.at(-1)!] = null;
  }
}

/** What was typed for options of choices that are not made now. */
export type Typed = Map<string, unknown>;

/** Makes a choice. What belongs to another one is kept in `typed`, and comes back with that. */
export function choose(
  tables: Tables,
  options: Options,
  id: string,
  value: string | null,
  typed: Typed,
): void {
  if (!id.endsWith(".is")) {
    set(tables, options, id, value);
    return;
  }
  const parent = id.slice(0, -".is".length);
  const inside = tables.options.filter(
    (info) => info.when?.id === id && info.id.startsWith(`${parent}.`),
  );
  const belongs = (info: OptionInfo, to: unknown) => info.when!.is.includes(to as string);
  for (const info of inside) {
    if (belongs(info, get(options, id))) typed.set(info.id, get(options, info.id));
  }
  const fresh: Members = { is: value };
  for (const info of inside) {
    if (belongs(info, value)) {
      fresh[info.id.slice(parent.length + 1)] = typed.get(info.id) ?? empty(info);
    }
  }
  set(tables, options, parent, fresh);
}

/** The value that stands for nothing. */
export function empty(info: OptionInfo): unknown {
  switch (info.kind.is) {
    case "toggle":
      return false;
    case "files":
    case "pairs":
    case "actions":
      return [];
    case "json_object":
      return {};
    default:
      return info.required.is === "yes" || info.required.is === "with" ? "" : null;
  }
}

/** Whether something is given for an option. */
export function isGiven(options: Options, id: string): boolean {
  // The tool may be named or the first one: what counts is that there is a call.
  const value = get(options, id === "call.tool" ? "call" : id);
  if (typeof value === "string") return value.trim() !== "";
  return value !== null && value !== false;
}

/** Whether an option counts with all that is set. */
export function counts(options: Options, info: OptionInfo): boolean {
  const { when, needs } = info;
  const chosen = when === null || when.is.includes(get(options, when.id) as string);
  return chosen && (needs === null || isGiven(options, needs));
}

/** Whether an option is not what it is where nothing is given. */
export function differs(tables: Tables, options: Options, info: OptionInfo): boolean {
  if (info.id === "call.tool") return isGiven(options, info.id);
  const standard = get(tables.defaults, info.id) ?? empty(info);
  const value = get(options, info.id) ?? empty(info);
  return JSON.stringify(value) !== JSON.stringify(standard);
}
