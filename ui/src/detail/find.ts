/** Ranges shown at most; a body of megabytes may hold very many. */
const MOST = 2_000;

/** Where a text stands below an element, in order, across the pieces that it is drawn in. */
export function rangesOf(root: Node, wanted: string): Range[] {
  const word = wanted.toLowerCase();
  if (word === "") return [];
  const nodes: { node: Text; from: number }[] = [];
  let whole = "";
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT, (node) =>
    node.parentElement?.closest("button, .visually-hidden, .cm-editor")
      ? NodeFilter.FILTER_REJECT
      : NodeFilter.FILTER_ACCEPT,
  );
  while (walker.nextNode()) {
    const node = walker.currentNode as Text;
    nodes.push({ node, from: whole.length });
    whole += node.data;
  }
  // Letters whose lower case is longer would shift the places: then the case matters.
  const lower = whole.toLowerCase();
  const text = lower.length === whole.length ? lower : whole;
  const ranges: Range[] = [];
  let last = 0;
  const place = (at: number): [Text, number] => {
    while (last + 1 < nodes.length && nodes[last + 1]!.from <= at) last += 1;
    const { node, from } = nodes[last]!;
    return [node, at - from];
  };
  for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + word.length)) {
    const range = document.createRange();
    range.setStart(...place(at));
    const [end, offset] = place(at + word.length - 1);
    range.setEnd(end, offset + 1);
    ranges.push(range);
    if (ranges.length === MOST) break;
  }
  return ranges;
}
