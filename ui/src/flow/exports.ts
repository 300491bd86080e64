import type { ExportFormat } from "../host/bindings/ExportFormat";
import type { FormatKind } from "../host/bindings/FormatKind";
import type { Owner } from "../host/bindings/Owner";

const GROUPS: [FormatKind, string][] = [
  ["recording", "Recording"],
  ["report", "Report"],
  ["bug_report", "Bug report"],
  ["diagram", "Diagram"],
];

/** The formats that make sense for a run, by kind: bug reports go to those who have to act. */
export function groupsOf(
  formats: readonly ExportFormat[],
  owners: ReadonlySet<Owner>,
): { title: string; formats: ExportFormat[] }[] {
  const offered = formats.filter(({ owner }) => owner === null || owners.has(owner));
  return GROUPS.map(([kind, title]) => ({
    title,
    formats: offered.filter((format) => format.kind === kind),
  })).filter(({ formats }) => formats.length > 0);
}

/** "authscope-mcp.example.dev-20261121-1402.har" */
export function suggestedName(url: string, at: Date, extension: string): string {
  const host = URL.canParse(url) ? new URL(url).host : "run";
  const two = (n: number) => String(n).padStart(2, "0");
  const day = `${at.getFullYear()}${two(at.getMonth() + 1)}${two(at.getDate())}`;
  const time = `${two(at.getHours())}${two(at.getMinutes())}`;
  return `authscope-${host.replace(/[^\w.-]+/g, "-")}-${day}-${time}.${extension}`;
}

/** The path with the extension of another format; one that the user chose otherwise stays. */
export function withExtension(path: string, from: string, to: string): string {
  return path.endsWith(`.${from}`) ? path.slice(0, -from.length) + to : path;
}
