/** A whole number of units, given in multiples of `factor`; undefined where it is none within bounds. */
export function within(
  text: string,
  factor: number,
  low: number,
  high: number,
): number | undefined {
  const given = Number(text);
  const number = factor === 1 ? given : Math.round(given * factor);
  const fine = text.trim() !== "" && Number.isInteger(number) && number >= low && number <= high;
  return fine ? number : undefined;
}
