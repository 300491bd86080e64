/** A text in three parts: what it has in common with another at its start, what differs, and at its end. */
export interface Marked {
  head: string;
  differs: string;
  tail: string;
}

/** Where two texts differ. Null when they have too little in common for a mark to help. */
export function difference(one: string, other: string): [Marked, Marked] | null {
  const [a, b] = [[...one], [...other]];
  const most = Math.min(a.length, b.length);
  let head = 0;
  while (head < most && a[head] === b[head]) head += 1;
  let tail = 0;
  while (tail < most - head && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail += 1;
  if (one === other || (head + tail) * 3 < most) return null;
  return [parts(a, head, tail), parts(b, head, tail)];
}

function parts(text: string[], head: number, tail: number): Marked {
  const end = text.length - tail;
  const part = (from: number, to: number) => text.slice(from, to).join("");
  return { head: part(0, head), differs: part(head, end), tail: part(end, text.length) };
}
