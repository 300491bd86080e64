import type { Detail } from "./bindings/Detail";
import type { Update } from "./bindings/Update";
import type { Host } from "./host";

/** Members that hold a server's words. Those that the window decides by, such as `is`, are not among them. */
const WORDS = new Set([
  "about",
  "actual",
  "client",
  "description",
  "expected",
  "fix",
  "issuer",
  "label",
  "meaning",
  "message",
  "note",
  "origin",
  "owner_name",
  "path",
  "reason",
  "resource",
  "says",
  "scope",
  "server_url",
  "summary",
  "text",
  "title",
  "value",
  "version",
  "why",
]);

/** The same host, and every text of a server in what it tells ends with this one. For tests only. */
export function hostileHost(host: Host, text: string): Host {
  const worse = <T>(told: T): T => withText(told, text) as T;
  return {
    ...host,
    boot: async () => {
      const boot = await host.boot();
      return {
        ...boot,
        history: worse(boot.history),
        notices: boot.notices.map((one) => one + text),
      };
    },
    subscribe: (onUpdates) => host.subscribe((updates: Update[]) => onUpdates(worse(updates))),
    detail: async (seq, secrets): Promise<Detail> => worse(await host.detail(seq, secrets)),
    tokensSeen: async () => worse(await host.tokensSeen()),
    follow: async (value) => worse(await host.follow(value)),
    compare: async (a, b) => worse(await host.compare(a, b)),
    clientFiles: async () => worse(await host.clientFiles()),
    exportPreview: async (format, secrets) => (await host.exportPreview(format, secrets)) + text,
  };
}

/** Words of the program's own. */
const OWN = new Set(["phases", "next", "status", "recording", "came"]);

function withText(told: unknown, text: string): unknown {
  if (Array.isArray(told)) return told.map((one) => withText(one, text));
  if (typeof told !== "object" || told === null) return told;
  return Object.fromEntries(
    Object.entries(told).map(([name, value]) => [
      name,
      OWN.has(name)
        ? value
        : typeof value === "string" && WORDS.has(name)
          ? value + text
          : withText(value, text),
    ]),
  );
}
