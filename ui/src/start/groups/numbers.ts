/** A whole number within bounds, or null. */
export function whole(text: string, low: number, high: number): number | null {
  const number = Number(text);
  return text.trim() !== "" && Number.isInteger(number) && number >= low && number <= high
    ? number
    : null;
}

export function port(text: string): number | null {
  return whole(text, 1, 65_535);
}

export function positive(text: string): number | null {
  const number = Number(text);
  return text.trim() !== "" && Number.isFinite(number) && number > 0 ? number : null;
}
