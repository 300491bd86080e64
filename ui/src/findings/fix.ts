/** A piece of a sentence; a value is something to be written exactly so. */
export interface FixPiece {
  text: string;
  isValue: boolean;
}

/** Members of JSON, web addresses, and what stands in double quotes or backticks. */
const VALUE =
  /"[\w-]{1,80}": ?(?:\[[^\]\n]{0,300}\]|"[^"\n]{0,300}"|true|false|\d+)|https?:\/\/[^\s"'`<>()]+[^\s"'`<>().,;:!?]|"[^"\n]{1,300}"(?=[\s.,;:)]|$)|`[^`\n]{1,300}`/g;

/** Takes the sentence of a change apart, so that its values can be copied. Nothing is left out. */
export function piecesOf(fix: string): FixPiece[] {
  const pieces: FixPiece[] = [];
  let at = 0;
  for (const { 0: text, index } of fix.matchAll(VALUE)) {
    if (index > at) pieces.push({ text: fix.slice(at, index), isValue: false });
    pieces.push({ text, isValue: true });
    at = index + text.length;
  }
  if (at < fix.length) pieces.push({ text: fix.slice(at), isValue: false });
  return pieces;
}

/** What is copied of a value: without the quotes around it. */
export function bare(value: string): string {
  return /^(["`])[^"`]*\1$/.test(value) ? value.slice(1, -1) : value;
}
