import type { Detail } from "./bindings/Detail";
import type { Entry } from "./bindings/Entry";
import type { Followed } from "./bindings/Followed";
import type { Part } from "./bindings/Part";
import type { Row } from "./bindings/Row";
import type { StepGuide } from "./bindings/StepGuide";
import type { TokenSeen } from "./bindings/TokenSeen";
import type { ValuePlace } from "./bindings/ValuePlace";
import { CHALLENGE, VERIFIER } from "./fixtures/places";
import type { ScriptRow } from "./fixtures/script";
import { tokensSeen } from "./fixtures/tokens";
import { meaningsOf, stepGuide } from "./guide";
import { kindOf } from "./rows";

/** The rows that were played, by their numbers. */
type Kept = ReadonlyMap<number, ScriptRow>;

/** All that is told of a row when it is opened. */
export function detailOf(row: Row, kept: ScriptRow | undefined, secrets: boolean): Detail {
  const entry: Entry = { ...row, kind: kindOf(row, kept) };
  const curl =
    kept?.is === "exchange"
      ? `curl --request ${kept.exchange.request.method} '${kept.exchange.request.url}'` +
        kept.exchange.request.headers
          .map(({ name, value }) => {
            const shown = !secrets && name === "authorization" ? "Bearer $ACCESS_TOKEN" : value;
            return ` \\\n  --header '${name}: ${shown}'`;
          })
          .join("")
      : null;
  const request = kept?.is === "exchange" ? kept.exchange.request : null;
  const fetch = request ? `const response = await fetch("${request.url}");\n` : null;
  const python = request ? `import requests\n\nrequests.get("${request.url}")\n` : null;
  const raw = request ? `${request.method} ${request.url} HTTP/1.1\r\n\r\n` : null;
  return {
    entry,
    guide: kept ? guideOf(kept) : null,
    meanings: kept?.is === "exchange" ? meaningsOf(kept.exchange) : [],
    decoded: kept?.is === "exchange" ? kept.decoded : [],
    curl,
    fetch,
    python,
    raw,
  };
}

/** The tokens that the rows so far hold, as the program would tell them. */
export function tokensIn(kept: Kept): TokenSeen[] {
  const told: TokenSeen[] = [];
  for (const token of tokensSeen()) {
    const places = placesOf(kept, token.value);
    const issued = places.find(({ part }) => part.is === "response_body")?.entry;
    if (issued === undefined) continue;
    const used = places.filter(({ part }) => part.is.startsWith("request_"));
    const later = told.find(({ kind }) => kind === token.kind);
    const over = later ? { why: "replaced", entry: later.issued ?? 0 } : null;
    if (later?.since) later.since = { ...later.since, entry: issued };
    told.push({
      ...token,
      issued,
      used,
      over,
      came: token.came.replace(".", `, in row ${issued}.`),
    });
  }
  return told.sort((a, b) => Number(a.over !== null) - Number(b.over !== null));
}

/** About where the program would find a value. */
export function followedIn(kept: Kept, value: string): Followed {
  const places = placesOf(kept, value);
  const hash = value === VERIFIER ? CHALLENGE : value === CHALLENGE ? VERIFIER : null;
  const computed = hash !== null && {
    formula: "code_challenge = BASE64URL(SHA-256(code_verifier))",
    source: "RFC 7636 section 4.2",
    result: CHALLENGE,
    matches: true,
    note: null,
    instead: null,
    places: placesOf(kept, hash),
  };
  return { name: places[0]?.name ?? "", places, computed: computed ? [computed] : [] };
}

export function guideOf(row: ScriptRow): StepGuide | null {
  if (row.is === "exchange") return stepGuide(row.exchange.purpose);
  return row.is === "browser" ? stepGuide({ is: "authorization" }) : null;
}

/** Where a value stands in queries, forms and headers, and in the texts of answers. */
function placesOf(kept: Kept, value: string): ValuePlace[] {
  const places: ValuePlace[] = [];
  for (const [entry, row] of kept) {
    const add = (part: Part, name: string) => places.push({ entry, part, name, how: null });
    const pairs = (text: string, part: Part) => {
      for (const [name, found] of new URLSearchParams(text)) if (found === value) add(part, name);
    };
    if (row.is === "decision") continue;
    const url = row.is === "browser" ? row.url : row.exchange.request.url;
    pairs(url.split("?")[1] ?? "", { is: "request_url" });
    if (row.is === "browser") continue;
    const { request, outcome } = row.exchange;
    if ("text" in request.body.content) pairs(request.body.content.text, { is: "request_body" });
    for (const header of request.headers)
      if (header.value.endsWith(value))
        add({ is: "request_header", name: header.name }, header.name);
    if (outcome.is !== "response" || !("text" in outcome.body.content)) continue;
    const found = new RegExp(`"([^"]+)": ?"${value.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}"`).exec(
      outcome.body.content.text,
    );
    if (found?.[1]) add({ is: "response_body", pointer: `/${found[1]}` }, found[1]);
  }
  return places;
}
