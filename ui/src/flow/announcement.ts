/** Characters; what is longer is read on the screen, not listened to. */
const LONGEST = 120;

/**
 * What a screen reader says when the run comes to stand elsewhere: the title, and of what follows
 * the first sentence without addresses, which nobody wants read aloud at every step.
 */
export function announcement(title: string, more: string): string {
  const sentence = /^.*?[.!?](?=\s|$)/s.exec(more)?.[0] ?? more;
  const plain = sentence
    .replace(/\b[a-z][a-z0-9+.-]*:\/\/\S+/gi, "an address")
    .replace(/\s+/g, " ");
  const short = plain.length > LONGEST ? `${plain.slice(0, LONGEST).trimEnd()}…` : plain;
  return short === "" ? title : `${title}: ${short}`;
}
