import type { Options } from "../host/bindings/Options";
import type { Group } from "./summaries";

/** Something typed that cannot be meant: which field, what is expected, what is there. */
export interface Problem {
  group: Group;
  field: string;
  expected: string;
  got: string;
  /** Nothing is there where something has to be. */
  empty: boolean;
}

const SHOWN = 48;

/** All that is wrong with the form of what was typed. Whether it makes sense is the program's to judge. */
export function problemsOf(options: Options): Problem[] {
  const found: Problem[] = [];
  const miss = (group: Group, field: string, expected: string, got: string) =>
    found.push({
      group,
      field,
      expected,
      got: got === "" ? "nothing" : quoted(got),
      empty: got === "",
    });

  const {
    registration,
    client_metadata,
    callback,
    grant,
    resource,
    issuer,
    authorization,
    network,
  } = options;
  if (client_metadata.url !== null && !isWebUrl(client_metadata.url)) {
    miss("registration", "URL of the document", "an https URL", client_metadata.url);
  }
  if (registration.is === "cimd" && client_metadata.url === null && !client_metadata.serve) {
    miss("registration", "URL of the document", "an https URL", "");
  }
  if (registration.is === "preregistered" && registration.client_id === "") {
    miss("registration", "Client ID", "the client_id the server gave", "");
  }
  if (!callback.path.startsWith("/"))
    miss("callback", "Path", "a path that begins with a slash", callback.path);
  if (grant.is === "jwt_bearer" && !isJwt(grant.assertion)) {
    miss("grant", "Assertion", "a JWT: three parts with dots between", grant.assertion);
  }
  if (grant.is === "enterprise_managed") {
    if (!isJwt(grant.idp_id_token)) {
      miss("grant", "ID token", "a JWT: three parts with dots between", grant.idp_id_token);
    }
    if (grant.idp_client_id === "") miss("grant", "Client ID at the provider", "a client_id", "");
    const { idp_issuer, idp_token_endpoint } = grant;
    if (idp_issuer === null && idp_token_endpoint === null) {
      miss("grant", "Issuer of the provider", "its URL, or else the token endpoint's", "");
    }
    if (idp_issuer !== null && !isWebUrl(idp_issuer)) {
      miss("grant", "Issuer of the provider", "an http or https URL", idp_issuer);
    }
    if (idp_token_endpoint !== null && !isWebUrl(idp_token_endpoint)) {
      miss("grant", "Token endpoint of the provider", "an http or https URL", idp_token_endpoint);
    }
  }
  if (resource.is === "given" && !isUri(resource.uri)) {
    miss("resource", "Resource", "an absolute URI", resource.uri);
  }
  if (issuer !== null && !isWebUrl(issuer)) {
    miss("authorization", "Authorization server", "an http or https URL", issuer);
  }
  authorization.parameters.forEach(([name], at) => {
    if (name === "") miss("authorization", `Name of parameter ${at + 1}`, "a name", "");
  });
  const details = authorization.authorization_details;
  const wrong = details === null ? null : notAnArray(details);
  if (wrong !== null) {
    found.push({
      group: "authorization",
      field: "authorization_details",
      expected: "a JSON array",
      got: wrong,
      empty: false,
    });
  }
  if (network.proxy !== null && !/^(https?|socks5):\/\/./i.test(network.proxy)) {
    miss("network", "Proxy", "an http, https or socks5 URL", network.proxy);
  }
  const certificate = network.client_certificate;
  if (certificate && certificate.certificate_file === "")
    miss("network", "Certificate file", "a path", "");
  if (certificate && certificate.key_file === "") miss("network", "Key file", "a path", "");
  return found;
}

/** "Expected an https URL, got “htp:/x”." */
export function said({ expected, got }: Problem): string {
  return `Expected ${expected}, got ${got}.`;
}

/** Why a text is no JSON array; null when it is one. */
function notAnArray(text: string): string | null {
  if (text.trim() === "") return "nothing";
  try {
    const value: unknown = JSON.parse(text);
    if (Array.isArray(value)) return null;
    return value === null ? "null" : typeof value === "object" ? "an object" : `a ${typeof value}`;
  } catch (error) {
    return `what is no JSON (${error instanceof Error ? error.message.slice(0, 2 * SHOWN) : "unreadable"})`;
  }
}

function isWebUrl(text: string): boolean {
  return /^https?:\/\/[^/\s]/i.test(text) && URL.canParse(text);
}

function isUri(text: string): boolean {
  return /^[a-z][a-z0-9+.-]*:\S+$/i.test(text);
}

function isJwt(text: string): boolean {
  return /^[\w-]+\.[\w-]+\.[\w-]*$/.test(text.trim());
}

function quoted(text: string): string {
  const cut = text.length > SHOWN ? text.slice(0, SHOWN - 1) + "…" : text;
  return `“${cut}”`;
}
