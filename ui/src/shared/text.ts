/** Cuts the middle out of a long text, so that both ends stay readable. */
export function cutMiddle(text: string, length: number): string {
  const characters = [...text];
  if (characters.length <= length) return text;
  const head = Math.ceil((length - 1) / 2);
  return (
    characters.slice(0, head).join("") +
    "…" +
    characters.slice(characters.length - (length - 1 - head)).join("")
  );
}

/** Only such a text is ever made a link. */
export function isWebLink(text: string): boolean {
  if (!/^https?:\/\//i.test(text)) return false;
  try {
    return ["http:", "https:"].includes(new URL(text).protocol);
  } catch {
    return false;
  }
}

/** The parts of a URL that are shown apart; the whole text as path when it is not a URL. */
export function splitUrl(url: string): { origin: string; rest: string } {
  const found = /^([a-z][a-z0-9+.-]*:\/\/[^/?#]*)(.*)$/i.exec(url);
  return found ? { origin: found[1]!, rest: found[2]! } : { origin: "", rest: url };
}

/** A piece of a URL's end; a parameter has a name and a value. */
export interface UrlPiece {
  text: string;
  name?: string;
  value?: string;
}

/** The name within a piece of a query or a form, as it is written, and what stands around it. */
export function namePieces(text: string): { before: string; written: string; after: string } {
  const [, before = "", written = "", after = ""] = /^([?&]?)([^=]*)(.*)$/s.exec(text) ?? [];
  return { before, written, after };
}

/** A form in pieces, one for each pair. Nothing is left out. */
export function formPieces(form: string): UrlPiece[] {
  return form.split("&").map((pair, at) => {
    const [[name, value] = []] = new URLSearchParams(pair);
    const text = at === 0 ? pair : `&${pair}`;
    return name === undefined || value === undefined ? { text } : { text, name, value };
  });
}

/** What comes after the origin of a URL, each parameter of its query a piece. Nothing is left out. */
export function urlPieces(rest: string): UrlPiece[] {
  const [, path = "", query = "", fragment = ""] = /^([^?#]*)(\?[^#]*)?(#.*)?$/s.exec(rest) ?? [];
  const pieces: UrlPiece[] = path ? [{ text: path }] : [];
  for (const [text] of query.matchAll(/[?&][^&]*/g)) {
    const [[name, value] = []] = new URLSearchParams(text.slice(1));
    pieces.push(name === undefined || value === undefined ? { text } : { text, name, value });
  }
  if (fragment) pieces.push({ text: fragment });
  return pieces;
}
