/** A piece of pretty-printed JSON; `text` is exactly what stood in the source, blanks apart. */
export interface JsonPiece {
  kind: "key" | "string" | "number" | "word" | "mark" | "blank";
  text: string;
}

/** Deeper levels are not indented further, so that hostile nesting stays linear. */
const DEEPEST_INDENT = 32;

const TOKEN = /[ \t\r\n]+|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null|[{}[\],:]/y;

/**
 * Lays JSON out without reading it into values: duplicate members, long numbers and escapes stay as they were sent.
 * None when the text is not made of JSON tokens with closed brackets.
 */
export function prettyJson(source: string): JsonPiece[] | null {
  const pieces: JsonPiece[] = [];
  const open: string[] = [];
  let previous = "";
  let at = 0;
  while (at < source.length) {
    const token = source[at] === '"' ? stringAt(source, at) : wordAt(source, at);
    if (token === null) return null;
    at += token.length;
    if (/^\s/.test(token)) continue;
    if (token === "}" || token === "]") {
      if (open.pop() !== (token === "}" ? "{" : "[")) return null;
      if (previous !== "{" && previous !== "[") pieces.push(newLine(open.length));
      pieces.push({ kind: "mark", text: token });
    } else {
      if (previous === "{" || previous === "[" || previous === ",") {
        if (open.length > 0) pieces.push(newLine(open.length));
      }
      pieces.push({ kind: kindOf(token), text: token });
      if (token === ":") {
        const name = pieces.at(-2);
        if (name?.kind !== "string") return null;
        name.kind = "key";
        pieces.push({ kind: "blank", text: " " });
      }
      if (token === "{" || token === "[") open.push(token);
    }
    previous = token;
  }
  return open.length === 0 && pieces.length > 0 ? pieces : null;
}

/** A text or a number, and not the name of a member. */
export function isValue({ kind }: JsonPiece): boolean {
  return kind === "string" || kind === "number";
}

/** What a piece says, without its quotes and escapes. */
export function valueIn({ kind, text }: JsonPiece): string {
  return kind === "string" || kind === "key" ? nameIn(text) : text;
}

export function joined(pieces: readonly JsonPiece[]): string {
  return pieces.map((piece) => piece.text).join("");
}

/**
 * The pieces that a JSON pointer is about: from its name to the end of its value. Where it is not there, those of what
 * should hold it; null when that is the whole text.
 */
export function piecesAt(
  pieces: readonly JsonPiece[],
  pointer: string,
): { first: number; end: number } | null {
  const wanted = pointer
    .split("/")
    .slice(1)
    .map((token) => token.replaceAll("~1", "/").replaceAll("~0", "~"));
  for (let length = wanted.length; length > 0; length -= 1) {
    const found = memberAt(pieces, wanted.slice(0, length));
    if (found) return found;
  }
  return null;
}

/** The pointer of each name, by its piece; `*` stands for any item of a list. */
export function pointersOf(pieces: readonly JsonPiece[]): Map<number, string> {
  const found = new Map<number, string>();
  /** What is open: the pointer of an object, or of the items of a list. */
  const open: string[] = [];
  let here = "";
  for (const [at, { kind, text }] of pieces.entries()) {
    if (kind === "key") {
      here = `${open.at(-1) ?? ""}/${nameIn(text).replaceAll("~", "~0").replaceAll("/", "~1")}`;
      found.set(at, here);
    } else if (kind === "mark" && (text === "{" || text === "[")) {
      open.push(text === "[" ? `${here}/*` : here);
      if (text === "[") here = `${here}/*`;
    } else if (kind === "mark" && (text === "}" || text === "]")) {
      open.pop();
      here = open.at(-1) ?? "";
    } else if (text === ",") here = open.at(-1) ?? "";
  }
  return found;
}

function memberAt(
  pieces: readonly JsonPiece[],
  wanted: readonly string[],
): { first: number; end: number } | null {
  const path: (string | number)[] = [];
  let named = 0;
  let found: { first: number; depth: number } | null = null;
  for (const [at, { kind, text }] of pieces.entries()) {
    if (text === "," && kind === "mark") {
      const here = path.at(-1);
      if (typeof here === "number") path[path.length - 1] = here + 1;
    } else if (kind === "key") {
      path[path.length - 1] = nameIn(text);
      named = at;
    } else if (text === "}" || text === "]") {
      path.pop();
      if (found?.depth === path.length) return { first: found.first, end: at + 1 };
    } else if (kind !== "blank" && text !== ":") {
      const isWanted =
        path.length === wanted.length &&
        path.every((name, level) => String(name) === wanted[level]);
      const opens = kind === "mark";
      if (!found && isWanted) {
        const first = typeof path.at(-1) === "number" ? at : named;
        if (!opens) return { first, end: at + 1 };
        found = { first, depth: path.length };
      }
      if (opens) path.push(text === "[" ? 0 : "");
    }
  }
  return null;
}

function nameIn(text: string): string {
  try {
    return JSON.parse(text) as string;
  } catch {
    return text.slice(1, -1);
  }
}

function wordAt(source: string, at: number): string | null {
  TOKEN.lastIndex = at;
  return TOKEN.exec(source)?.[0] ?? null;
}

/** Scanned by hand: a regular expression's stack does not hold for strings of megabytes. */
function stringAt(source: string, at: number): string | null {
  for (let end = at + 1; end < source.length; end += 1) {
    if (source[end] === "\\") end += 1;
    else if (source[end] === '"') return source.slice(at, end + 1);
  }
  return null;
}

function newLine(depth: number): JsonPiece {
  return { kind: "blank", text: "\n" + "  ".repeat(Math.min(depth, DEEPEST_INDENT)) };
}

function kindOf(token: string): JsonPiece["kind"] {
  if (token.startsWith('"')) return "string";
  if (/^[-\d]/.test(token)) return "number";
  return /^[a-z]/.test(token) ? "word" : "mark";
}
