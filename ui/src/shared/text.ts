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

/** The parts of a URL that are shown apart; the whole text as path when it is no URL. */
export function splitUrl(url: string): { origin: string; rest: string } {
  const found = /^([a-z][a-z0-9+.-]*:\/\/[^/?#]*)(.*)$/i.exec(url);
  return found ? { origin: found[1]!, rest: found[2]! } : { origin: "", rest: url };
}
