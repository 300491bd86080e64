/** Characters; what is longer is read on the screen, not listened to. */
const LONGEST = 120;

/**
 * What a screen reader says when the run comes to stand elsewhere: the title, and of each text that
 * follows the first sentence without addresses, which nobody wants read aloud at every step.
 */
export function announcement(title: string, ...more: string[]): string {
  const texts = more.map(brief).filter((text) => text !== "");
  return texts.length === 0 ? title : `${title}: ${texts.join(" ")}`;
}

function brief(text: string): string {
  const sentence = /^.*?[.!?](?=\s|$)/s.exec(text)?.[0] ?? text;
  const plain = sentence
    .replace(/\b[a-z][a-z0-9+.-]*:\/\/\S+/gi, "an address")
    .replace(/\s+/g, " ");
  return plain.length > LONGEST ? `${plain.slice(0, LONGEST).trimEnd()}…` : plain;
}
