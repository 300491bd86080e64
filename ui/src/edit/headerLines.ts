import type { Header } from "../host/bindings/Header";
import type { NoRows } from "./pairs";

/** Headers as lines of "name: value", in their order; why not where a line would say something else. */
export function linesOf(headers: readonly Header[]): string | NoRows {
  for (const [at, { name, value }] of headers.entries()) {
    if (/[:\r\n]/.test(name) || /[\r\n]/.test(value))
      return { why: `Number ${at + 1} of ${headers.length} cannot be written in a line.` };
  }
  return headers.map(({ name, value }) => `${name}: ${value}`).join("\n");
}

/** The headers in such lines; empty lines are none. One blank after the colon belongs to it. */
export function headersIn(text: string): Header[] | NoRows {
  const headers: Header[] = [];
  for (const [at, line] of text.split(/\r?\n/).entries()) {
    if (line === "") continue;
    const colon = line.indexOf(":");
    if (colon < 0) return { why: `Line ${at + 1} has no colon after the name.` };
    const value = line.slice(colon + 1);
    headers.push({
      name: line.slice(0, colon),
      value: value.startsWith(" ") ? value.slice(1) : value,
    });
  }
  return headers;
}
