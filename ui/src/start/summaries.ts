import type { Options } from "../host/bindings/Options";
import { plural } from "../shared/units";

/** The groups of options, in the order in which they are shown. */
export const GROUPS = [
  "registration",
  "grant",
  "scopes",
  "callback",
  "revision",
  "authorization",
  "resource",
  "tokens",
  "network",
] as const;
export type Group = (typeof GROUPS)[number];

export const NAMES: Record<Group, string> = {
  registration: "Registration",
  grant: "Grant",
  scopes: "Scopes",
  callback: "Callback",
  revision: "Revision",
  authorization: "Authorization",
  resource: "Resource",
  tokens: "Tokens",
  network: "Network",
};

/** Always in sight on the start screen; the others only when something in them differs. */
export const COMMON: readonly Group[] = ["registration", "grant", "scopes", "callback", "revision"];

export interface Summary {
  /** What is set, in one line. */
  value: string;
  /** Differs from the default. */
  changed: boolean;
}

const BODY_LIMIT = 10_485_760;
const SECONDS = 30;
const WAIT_SECONDS = 300;

/** What each group holds, in one line. */
export function summaries(options: Options): Record<Group, Summary> {
  return {
    registration: registration(options),
    grant: differing(grant(options), options.grant.is !== "auto"),
    scopes: differing(options.scope ?? "as asked", options.scope !== null),
    callback: callback(options),
    revision: differing(options.revision ?? "detect", options.revision !== null),
    authorization: listed(authorization(options), "as needed"),
    resource: differing(resource(options), options.resource.is !== "advertised"),
    tokens: listed(tokens(options), "bearer"),
    network: listed(network(options), "as the system"),
  };
}

function registration({ registration: how, client_metadata: document }: Options): Summary {
  const served = document.serve ? "served here" : document.url;
  switch (how.is) {
    case "auto":
      return served
        ? { value: `automatic, document ${served}`, changed: true }
        : differing("automatic", false);
    case "cimd":
      return { value: `document ${served ?? "without a URL"}`, changed: true };
    case "dcr":
      return { value: "dynamic", changed: true };
    case "preregistered": {
      const proof = how.private_key_file ? ", private key" : how.client_secret ? ", secret" : "";
      return { value: (how.client_id || "pre-registered") + proof, changed: true };
    }
  }
}

function grant({ grant: { is } }: Options): string {
  return {
    auto: "automatic",
    authorization_code: "authorization code",
    client_credentials: "client credentials",
    device_code: "device",
    jwt_bearer: "JWT bearer",
    enterprise_managed: "enterprise-managed",
  }[is];
}

function callback({ callback: { host, port, path, timeout_seconds }, browser }: Options): Summary {
  const value = [
    host,
    port === null ? "" : `port ${port}`,
    browser.is === "show" ? "URL shown" : "",
  ];
  const changed =
    host !== "127.0.0.1" ||
    port !== null ||
    path !== "/callback" ||
    timeout_seconds !== WAIT_SECONDS ||
    browser.is !== "system";
  return { value: value.filter(Boolean).join(", "), changed };
}

function authorization({ authorization: asked, issuer }: Options): string[] {
  const { parameters, par, request_object, authorization_details, response_mode } = asked;
  return [
    parameters.length === 1
      ? parameters[0]![0]
      : parameters.length > 1
        ? plural(parameters.length, "parameter")
        : "",
    par ? "pushed" : "",
    request_object ? "request object" : "",
    authorization_details !== null ? "details" : "",
    response_mode === "form_post" ? "form post" : "",
    issuer ?? "",
  ];
}

function resource({ resource: choice }: Options): string {
  return choice.is === "given"
    ? choice.uri || "given"
    : choice.is === "off"
      ? "off"
      : "as advertised";
}

function tokens({ dpop, use_stored_token }: Options): string[] {
  return [dpop ? "DPoP" : "", use_stored_token ? "" : "stored ones not used"];
}

function network({ network: set }: Options): string[] {
  return [
    set.proxy !== null ? "proxy" : "",
    set.ca_files.length > 0 ? plural(set.ca_files.length, "CA file") : "",
    set.client_certificate !== null ? "client certificate" : "",
    set.body_limit !== BODY_LIMIT || set.timeout_seconds !== SECONDS ? "limits" : "",
  ];
}

function differing(value: string, changed: boolean): Summary {
  return { value, changed };
}

/** What is set, else the word for nothing. */
function listed(parts: string[], nothing: string): Summary {
  const value = parts.filter(Boolean).join(", ");
  return value ? { value, changed: true } : { value: nothing, changed: false };
}
