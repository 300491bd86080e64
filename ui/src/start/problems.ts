import type { Format } from "../host/bindings/Format";
import type { Group } from "../host/bindings/Group";
import type { OptionInfo } from "../host/bindings/OptionInfo";
import type { Options } from "../host/bindings/Options";
import type { Tables } from "../host/bindings/Tables";
import { counts, get, isGiven } from "./paths";

/** Something typed that cannot be meant: which option, what is expected, what is there. */
export interface Problem {
  id: string;
  group: Group;
  title: string;
  expected: string;
  got: string;
  /** Nothing is there where something has to be. */
  empty: boolean;
}

const SHOWN = 48;

/** All that is wrong with the form of what was typed. Whether it makes sense is the program's to judge. */
export function problemsOf(tables: Tables, options: Options): Problem[] {
  const listed = tables.options.filter((info) => info.listed && counts(options, info));
  return listed.flatMap((info) => {
    const got = wrong(options, info);
    const { id, group, title, expected } = info;
    return got === null ? [] : [{ id, group, title, expected, got, empty: got === "nothing" }];
  });
}

/** "Expected an https URL, got “htp:/x”." */
export function said({ expected, got }: Problem): string {
  return `Expected ${expected}, got ${got}.`;
}

/** What is there instead of what is expected; null where it can be meant. */
function wrong(options: Options, info: OptionInfo): string | null {
  const value = get(options, info.id);
  const { kind } = info;
  if (!isGiven(options, info.id)) return isNeeded(options, info) ? "nothing" : null;
  switch (kind.is) {
    case "text":
    case "secret":
      return fits(kind.format, String(value).trim()) ? null : quoted(String(value));
    case "pairs":
      return (value as [string, string][]).some(([name]) => name.trim() === "") ? "no name" : null;
    case "json_array":
      return notAnArray(String(value));
    default:
      return null;
  }
}

function isNeeded(options: Options, { required }: OptionInfo): boolean {
  switch (required.is) {
    case "no":
      return false;
    case "yes":
      return true;
    case "without":
      return !isGiven(options, required.other);
    case "with":
      return isGiven(options, required.other);
  }
}

function fits(format: Format, text: string): boolean {
  switch (format) {
    case "any":
      return true;
    case "web_url":
      return isWebUrl(text);
    case "origins":
      return text.trim().split(/\s+/).every(isWebUrl);
    case "uri":
      return /^[a-z][a-z0-9+.-]*:\S+$/i.test(text);
    case "proxy_url":
      return /^(https?|socks5h?):\/\/./i.test(text);
    case "jwt":
      return /^[\w-]+\.[\w-]+\.[\w-]*$/.test(text);
    case "url_path":
      return /^\/[^\s?#\\]*$/.test(text);
  }
}

function isWebUrl(text: string): boolean {
  return /^https?:\/\/[^/\s]/i.test(text) && URL.canParse(text);
}

/** Why a text is not a JSON array; null when it is one. */
function notAnArray(text: string): string | null {
  try {
    const value: unknown = JSON.parse(text);
    if (Array.isArray(value)) return null;
    return value === null ? "null" : typeof value === "object" ? "an object" : `a ${typeof value}`;
  } catch (error) {
    return `what is not JSON (${error instanceof Error ? error.message.slice(0, 2 * SHOWN) : "unreadable"})`;
  }
}

function quoted(text: string): string {
  const cut = text.length > SHOWN ? text.slice(0, SHOWN - 1) + "…" : text;
  return `“${cut}”`;
}
