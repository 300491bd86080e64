/** What stands for a secret until it is asked for. */
export const MASK = "••••••••";

/** A secret shorter than this is hidden only where it is a whole value: elsewhere it would blot out innocent words. */
const SHORT = 6;

/** Compact JWS: three base64url parts, the first two JSON objects. */
const SIGNED_TOKEN = /\beyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]*/g;

/** Header fields that carry credentials whatever the protocol on top. */
const CREDENTIAL_HEADERS = new Set([
  "authorization",
  "proxy-authorization",
  "cookie",
  "set-cookie",
]);

/** Hides secrets in texts. Which values are secret is said by the program; this only finds them again. */
export class Mask {
  readonly #pattern: RegExp | null;

  constructor(secrets: Iterable<string>) {
    const forms = new Set<string>();
    for (const secret of secrets) {
      if (secret === "") continue;
      const json = JSON.stringify(secret).slice(1, -1);
      for (const form of [secret, json, json.replaceAll("/", "\\/"), percent(secret)])
        forms.add(form);
    }
    const longestFirst = [...forms].sort((a, b) => b.length - a.length);
    this.#pattern =
      longestFirst.length > 0 ? new RegExp(longestFirst.map(pattern).join("|"), "g") : null;
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

function pattern(form: string): string {
  return form.length < SHORT ? `(?<=["=])${escape(form)}(?=["&]|$)` : escape(form);
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
