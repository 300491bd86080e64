/**
 * A text as rows of name and value, and back. The pieces of the text are kept as they stand, so that what nobody
 * changed comes out as it went in: duplicates, order, encoding, empty values, values without "=", blanks.
 */
export interface Pairs {
  kind: Kind;
  /** What stands before the first row and after the last one. */
  head: string;
  tail: string;
  /** What stands between two rows; one less than there are rows. */
  gaps: string[];
  rows: Pair[];
}

/** As it stands in the text. */
export interface Pair {
  name: string;
  /** Between the name and the value; nothing when there is no value. */
  mark: string;
  /** Null: the name stands alone, without a mark. */
  value: string | null;
}

export type Kind = "form" | "url" | "json";

/** Why a text is not shown as rows. */
export interface NoRows {
  why: string;
}

/** Line breaks and other controls, which a field of one line cannot hold. */
// eslint-disable-next-line no-control-regex
const CONTROL = /[\u0000-\u001f\u007f\u2028\u2029]/;

export function pairsOf(kind: Kind, text: string): Pairs | NoRows {
  return kind === "json" ? membersOf(text) : kind === "url" ? queryOf(text) : formOf(text);
}

export function textOf({ head, tail, gaps, rows }: Pairs): string {
  const pieces = rows.map(
    ({ name, mark, value }, at) => (at > 0 ? gaps[at - 1]! : "") + name + mark + (value ?? ""),
  );
  return head + pieces.join("") + tail;
}

/** The name of a row as it is read. */
export function nameOf({ kind }: Pairs, { name }: Pair): string {
  return kind === "json" ? String(JSON.parse(name)) : (decoded(name) ?? name);
}

/** The value of a row as it is read; a member of JSON is shown as it is written. */
export function valueOf({ kind }: Pairs, { value }: Pair): string {
  return kind === "json" ? (value ?? "") : value === null ? "" : (decoded(value) ?? value);
}

/** What stands before the query of a URL. */
export function baseOf({ head }: Pairs): string {
  return head.replace(/\?$/, "");
}

export function setBase(pairs: Pairs, base: string): Pairs {
  return { ...pairs, head: pairs.head.endsWith("?") ? `${base}?` : base };
}

export function setName(pairs: Pairs, at: number, name: string): Pairs {
  return withRow(pairs, at, { name: encoded(pairs.kind, name) });
}

export function setValue(pairs: Pairs, at: number, value: string): Pairs {
  const { kind, rows } = pairs;
  const mark = rows[at]!.mark || "=";
  return withRow(pairs, at, { mark, value: kind === "json" ? value : encoded(kind, value) });
}

export function added(pairs: Pairs): Pairs {
  const { kind, head, gaps, rows } = pairs;
  const json = kind === "json";
  const row = json ? { name: '""', mark: ": ", value: '""' } : { name: "", mark: "=", value: "" };
  const gap = gaps.at(-1) ?? (json ? ", " : "&");
  return {
    ...pairs,
    head: kind === "url" && rows.length === 0 && !head.includes("?") ? `${head}?` : head,
    gaps: rows.length > 0 ? [...gaps, gap] : gaps,
    rows: [...rows, row],
  };
}

export function removed(pairs: Pairs, at: number): Pairs {
  const { kind, head, gaps, rows } = pairs;
  const left = rows.toSpliced(at, 1);
  return {
    ...pairs,
    // A lone "?" would stay of what is gone.
    head: kind === "url" && left.length === 0 ? head.replace(/\?$/, "") : head,
    gaps: gaps.toSpliced(Math.max(0, at - 1), 1),
    rows: left,
  };
}

/** Changes places with a neighbour; what stands between rows stays in its place. */
export function moved(pairs: Pairs, at: number, by: number): Pairs {
  const rows = [...pairs.rows];
  const [row] = rows.splice(at, 1);
  rows.splice(at + by, 0, row!);
  return { ...pairs, rows };
}

/** What is wrong with the value of a row, if anything is: it is used as it stands nevertheless. */
export function objection({ kind }: Pairs, { value }: Pair): string | null {
  if (kind !== "json" || value === null) return null;
  try {
    JSON.parse(value);
    return null;
  } catch {
    return "not JSON: a text needs quotation marks";
  }
}

function withRow(pairs: Pairs, at: number, changed: Partial<Pair>): Pairs {
  return { ...pairs, rows: pairs.rows.with(at, { ...pairs.rows[at]!, ...changed }) };
}

/** application/x-www-form-urlencoded (WHATWG URL, section 5). */
function formOf(text: string): Pairs | NoRows {
  const rows = text === "" ? [] : text.split("&").map(pair);
  const gaps = rows.slice(1).map(() => "&");
  return readable({ kind: "form", head: "", tail: "", gaps, rows });
}

function queryOf(url: string): Pairs | NoRows {
  const [, head = "", query = "", tail = ""] = /^([^?#]*\??)([^#]*)(#.*)?$/s.exec(url) ?? [];
  const rows = query === "" ? [] : query.split("&").map(pair);
  const gaps = rows.slice(1).map(() => "&");
  return readable({ kind: "url", head, tail, gaps, rows });
}

function pair(text: string): Pair {
  const at = text.indexOf("=");
  if (at < 0) return { name: text, mark: "", value: null };
  return { name: text.slice(0, at), mark: "=", value: text.slice(at + 1) };
}

function readable(pairs: Pairs): Pairs | NoRows {
  for (const [at, { name, value }] of pairs.rows.entries()) {
    for (const raw of [name, value ?? ""]) {
      const text = decoded(raw);
      const which = `Number ${at + 1} of ${pairs.rows.length}`;
      if (text === null) return { why: `${which} is not valid percent-encoding of UTF-8.` };
      if (CONTROL.test(text)) return { why: `${which} holds a line break or another control.` };
    }
  }
  return pairs;
}

/** None where the percent-encoding is broken or is not of UTF-8. */
function decoded(raw: string): string | null {
  try {
    return decodeURIComponent(raw.replaceAll("+", " "));
  } catch {
    return null;
  }
}

function encoded(kind: Kind, text: string): string {
  if (kind === "json") return JSON.stringify(text);
  const form = new URLSearchParams([["", text]]).toString().slice(1);
  // Both are read alike in a form; in a URL some readers take "+" for itself.
  return kind === "url" ? form.replaceAll("+", "%20") : form;
}

/** The members of a JSON object. */
function membersOf(text: string): Pairs | NoRows {
  const none = (why: string): NoRows => ({ why });
  const head = /^\s*\{\s*/.exec(text)?.[0];
  if (head === undefined) return none("The JSON is not an object.");
  try {
    JSON.parse(text);
  } catch {
    return none("The text is not valid JSON.");
  }
  const rows: Pair[] = [];
  const gaps: string[] = [];
  let at = head.length;
  while (text[at] === '"') {
    const name = stringAt(text, at);
    const mark = /^\s*:\s*/.exec(text.slice(at + name.length))![0];
    const value = valueAt(text, at + name.length + mark.length);
    if (CONTROL.test(String(JSON.parse(name)))) return none("A name holds a line break.");
    // A value in several lines is no text for a field of one line.
    if (CONTROL.test(value)) return none(`${name} has a value in several lines.`);
    rows.push({ name, mark, value });
    at += name.length + mark.length + value.length;
    const gap = /^\s*,\s*/.exec(text.slice(at))?.[0];
    if (gap === undefined) break;
    gaps.push(gap);
    at += gap.length;
  }
  return { kind: "json", head, tail: text.slice(at), gaps, rows };
}

/** The string that begins here, in a text that is JSON. */
function stringAt(text: string, from: number): string {
  let at = from + 1;
  while (text[at] !== '"') at += text[at] === "\\" ? 2 : 1;
  return text.slice(from, at + 1);
}

/** The value that begins here, in a text that is JSON. */
function valueAt(text: string, from: number): string {
  let depth = 0;
  let at = from;
  for (; at < text.length; at += 1) {
    const character = text[at]!;
    if (character === '"') at += stringAt(text, at).length - 1;
    else if (character === "{" || character === "[") depth += 1;
    else if (character === "}" || character === "]") {
      if (depth === 0) break;
      depth -= 1;
    } else if (character === "," && depth === 0) break;
  }
  return text.slice(from, at).trimEnd();
}
