import { describe, expect, it } from "vitest";

import { options } from "../host/fixtures/boot";
import type { Options } from "../host/bindings/Options";
import { problemsOf, said } from "./problems";
import { GROUPS, summaries } from "./summaries";

const given = (changed: Partial<Options>): Options => ({
  ...options("https://mcp.example.dev/mcp"),
  ...changed,
});

describe("summaries", () => {
  it("says of untouched options that nothing differs", () => {
    const told = summaries(given({}));
    expect(GROUPS.filter((group) => told[group].changed)).toEqual([]);
    expect(GROUPS.every((group) => told[group].value !== "")).toBe(true);
  });

  it("names what differs, in one line a group", () => {
    const { authorization, network } = given({});
    const told = summaries(
      given({
        registration: {
          is: "preregistered",
          client_id: "desk",
          client_secret: null,
          private_key_file: "/key.pem",
          alg: null,
        },
        authorization: {
          ...authorization,
          parameters: [["audience", "x"]],
          par: true,
          response_mode: "form_post",
        },
        resource: { is: "off" },
        dpop: true,
        network: { ...network, client_certificate: { certificate_file: "/a", key_file: "/b" } },
      }),
    );
    expect(told.registration.value).toBe("desk, private key");
    expect(told.authorization.value).toBe("audience, pushed, form post");
    expect(told.resource).toEqual({ value: "off", changed: true });
    expect(told.tokens.value).toBe("DPoP");
    expect(told.network.value).toBe("client certificate");
  });

  it("counts a document that is served as a difference, even where the way is chosen automatically", () => {
    const told = summaries(given({ client_metadata: { url: null, serve: true, port: null } }));
    expect(told.registration).toEqual({ value: "automatic, document served here", changed: true });
  });
});

describe("problemsOf", () => {
  it("finds nothing in untouched options", () => expect(problemsOf(given({}))).toEqual([]));

  it.each([
    ['{"type":1}', "an object"],
    ["null", "null"],
    ["3", "a number"],
    ["  ", "nothing"],
  ])("wants an array of authorization details, not %s", (text, got) => {
    const { authorization } = given({});
    const found = problemsOf(
      given({ authorization: { ...authorization, authorization_details: text } }),
    );
    expect(found.map(said)).toEqual([`Expected a JSON array, got ${got}.`]);
  });

  it("takes an array of authorization details", () => {
    const { authorization } = given({});
    const authorization_details = '[{"type":"payment"}]';
    expect(
      problemsOf(given({ authorization: { ...authorization, authorization_details } })),
    ).toEqual([]);
  });

  it("names each field of an unfinished enterprise-managed grant", () => {
    const grant = {
      is: "enterprise_managed",
      idp_id_token: "ey",
      idp_client_id: "",
      idp_client_secret: null,
      idp_issuer: null,
      idp_token_endpoint: null,
    } as const;
    expect(problemsOf(given({ grant })).map(({ field, empty }) => [field, empty])).toEqual([
      ["ID token", false],
      ["Client ID at the provider", true],
      ["Issuer of the provider", true],
    ]);
  });

  it("cuts a long value before it is shown", () => {
    const [found] = problemsOf(given({ resource: { is: "given", uri: "no uri ".repeat(100) } }));
    expect(found!.got.length).toBeLessThan(60);
  });

  it("wants both halves of a client certificate", () => {
    const { network } = given({});
    const client_certificate = { certificate_file: "/a.pem", key_file: "" };
    const found = problemsOf(given({ network: { ...network, client_certificate } }));
    expect(found.map(({ field }) => field)).toEqual(["Key file"]);
  });
});
