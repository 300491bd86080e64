/** What stands for a secret until it is asked for. */
export const MASK = "••••••••";

/** A secret shorter than this is not looked for inside other texts: it would blot out innocent ones. */
const SHORTEST = 6;

/** Compact JWS: three base64url parts, the first two JSON objects. */
const SIGNED_TOKEN = /\beyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]*/g;

/** Header fields that carry credentials whatever the protocol on top. */
const CREDENTIAL_HEADERS = new Set(["authorization", "proxy-authorization", "cookie", "set-cookie"]);

/** Hides secrets in texts. Which values are secret is said by the program; this only finds them again. */
export class Mask {
  readonly #pattern: RegExp | null;

  constructor(secrets: Iterable<string>) {
    const forms = new Set<string>();
    for (const secret of secrets) {
      if (secret.length < SHORTEST) continue;
      const json = JSON.stringify(secret).slice(1, -1);
      for (const form of [secret, json, json.replaceAll("/", "\\/"), percent(secret)]) forms.add(form);
    }
    const longestFirst = [...forms].sort((a, b) => b.length - a.length);
    this.#pattern = longestFirst.length > 0 ? new RegExp(longestFirst.map(escape).join("|"), "g") : null;
  }

  text(text: string): string {
    const known = this.#pattern ? text.replace(this.#pattern, MASK) : text;
    return known.replace(SIGNED_TOKEN, MASK);
  }

  header(name: string, value: string): string {
    const hidden = this.text(value);
    if (!CREDENTIAL_HEADERS.has(name.toLowerCase())) return hidden;
    const scheme = /^([A-Za-z]+) \S/.exec(value)?.[1];
    return scheme ? `${scheme} ${MASK}` : MASK;
  }
}

function percent(text: string): string {
  try {
    return encodeURIComponent(text);
  } catch {
    return text;
  }
}

function escape(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
