import type { Term } from "../host/bindings/Term";

/** A piece of a text; `term` where the piece is one. */
export interface Piece {
  text: string;
  term?: Term;
}

/** Finds the terms in a text. Made once for all texts. */
export class Terms {
  readonly #bySpelling = new Map<string, Term>();
  readonly #pattern: RegExp | null;

  constructor(terms: readonly Term[]) {
    for (const term of terms)
      for (const spelling of term.spellings) this.#bySpelling.set(spelling.toLowerCase(), term);
    const spellings = [...this.#bySpelling.keys()].sort((a, b) => b.length - a.length);
    const escaped = spellings.map((one) => one.replace(/[.*+?^${}()|[\]\\/-]/g, "\\$&"));
    // Not within a name such as scopes_supported, a path or a URL.
    this.#pattern =
      escaped.length > 0
        ? new RegExp(`(?<![\\w/.:"-])(?:${escaped.join("|")})(?![\\w/"=:-]|\\.\\w)`, "gi")
        : null;
  }

  /** The text in pieces: each term is one the first time that it stands there. */
  in(text: string): Piece[] {
    const pieces: Piece[] = [];
    const seen = new Set<Term>();
    let from = 0;
    for (const found of this.#pattern ? text.matchAll(this.#pattern) : []) {
      const term = this.#bySpelling.get(found[0].toLowerCase());
      if (!term || seen.has(term)) continue;
      seen.add(term);
      if (found.index > from) pieces.push({ text: text.slice(from, found.index) });
      pieces.push({ text: found[0], term });
      from = found.index + found[0].length;
    }
    if (from < text.length) pieces.push({ text: text.slice(from) });
    return pieces;
  }
}
