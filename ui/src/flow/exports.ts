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
