import type { Group } from "../host/bindings/Group";
import type { OptionInfo } from "../host/bindings/OptionInfo";
import type { Options } from "../host/bindings/Options";
import type { Tables } from "../host/bindings/Tables";
import { plural } from "../shared/units";
import { counts, differs, get } from "./paths";

export interface Summary {
  /** What is set, in one line. */
  value: string;
  /** Differs from the default. */
  changed: boolean;
}

/** What each group holds, in one line. */
export function summaries(tables: Tables, options: Options): Record<Group, Summary> {
  const all = tables.groups.map(({ group, unchanged }) => {
    const infos = tables.options.filter((info) => info.group === group && info.listed);
    const differing = infos.filter(
      (info) => counts(options, info) && differs(tables, options, info),
    );
    const words = new Map(differing.map((info) => [info, word(tables, options, info)]));
    // What a choice is made of says which one it is.
    const said = differing.filter(
      (info) => !differing.some((other) => other.when?.id === info.id && words.get(other) !== ""),
    );
    const parts = [...new Set(said.map((info) => words.get(info)!))].filter(Boolean);
    return [
      group,
      { value: parts.join(", ") || unchanged, changed: differing.length > 0 },
    ] as const;
  });
  return Object.fromEntries(all) as Record<Group, Summary>;
}

/** What an option adds to the summary of its group. */
function word(tables: Tables, options: Options, info: OptionInfo): string {
  const value = get(options, info.id);
  if (info.kind.is === "choice") {
    const chosen = info.kind.values.find((choice) => choice.value === value);
    const title = chosen?.title ?? "";
    return info.short === "" ? lowered(title) : info.short.replace("{}", () => title);
  }
  return info.short.replace("{}", () => shown(tables, info, value));
}

function shown(tables: Tables, info: OptionInfo, value: unknown): string {
  switch (info.kind.is) {
    case "pairs": {
      const pairs = value as [string, string][];
      return pairs.length === 1 ? pairs[0]![0] : plural(pairs.length, "parameter");
    }
    case "actions": {
      const kinds = value as string[];
      const only = tables.actions.find(({ kind }) => kinds.length === 1 && kind === kinds[0]);
      return only ? lowered(only.title) : plural(kinds.length, "action");
    }
    case "tool":
      return value === null ? "the first tool" : String(value);
    default:
      return String(value);
  }
}

/** As it stands in the middle of a line; abbreviations stay as they are. */
function lowered(title: string): string {
  return /^[A-Z][a-z]/.test(title) ? title[0]!.toLowerCase() + title.slice(1) : title;
}
