import { describe, expect, it } from "vitest";

import { groupsOf } from "../flow/actions";
import { TABLES, options } from "../host/fixtures/boot";
import type { Options } from "../host/bindings/Options";
import { CONTROLS } from "./controls";
import { choose, counts, get, set } from "./paths";
import { problemsOf, said } from "./problems";
import { summaries } from "./summaries";

const given = (changed: Partial<Options> = {}): Options => ({
  ...options("https://mcp.example.dev/mcp"),
  ...changed,
});
const told = (changed: Partial<Options> = {}) => summaries(TABLES, given(changed));
const problems = (changed: Partial<Options> = {}) => problemsOf(TABLES, given(changed));

describe("the program's tables", () => {
  it("have a control for every kind of option", () => {
    const kinds = new Set(TABLES.options.map(({ kind }) => kind.is));
    expect([...kinds].filter((kind) => !(kind in CONTROLS))).toEqual([]);
  });

  it("have a group with a title for every option", () => {
    const groups = TABLES.groups.map(({ group }) => group);
    expect(TABLES.options.filter(({ group }) => !groups.includes(group))).toEqual([]);
  });

  it("have every action in one group of the menu, but for those asked for elsewhere", () => {
    const shown = groupsOf(TABLES).flatMap(({ actions }) => actions.map(({ kind }) => kind));
    const missing = TABLES.actions.filter(({ kind }) => !shown.includes(kind));
    expect(missing.map(({ kind, group }) => [kind, group])).toEqual([["call_tool", "apart"]]);
    expect(new Set(shown).size).toBe(shown.length);
  });

  it("lead to a place in the options, or to one that a choice makes", () => {
    for (const info of TABLES.options) {
      const now = structuredClone(TABLES.defaults);
      if (info.when) choose(TABLES, now, info.when.id, info.when.is[0]!, new Map());
      set(TABLES, now, info.id, "here");
      expect(get(now, info.id), info.id).toBe("here");
    }
  });
});

describe("choose", () => {
  it("keeps what was typed for the choice that was left", () => {
    const now = given();
    const typed = new Map();
    choose(TABLES, now, "registration.is", "preregistered", typed);
    expect(now.registration).toEqual({
      is: "preregistered",
      client_id: "",
      client_secret: null,
      private_key_file: null,
      alg: null,
    });
    set(TABLES, now, "registration.client_id", "desk");
    choose(TABLES, now, "registration.is", "dcr", typed);
    expect(now.registration).toEqual({ is: "dcr" });
    choose(TABLES, now, "registration.is", "preregistered", typed);
    expect(get(now, "registration.client_id")).toBe("desk");
  });

  it("lets a part that is there only as a whole come and go", () => {
    const now = given();
    set(TABLES, now, "network.client_certificate.key_file", "/key.pem");
    expect(now.network.client_certificate).toEqual({ certificate_file: "", key_file: "/key.pem" });
    set(TABLES, now, "network.client_certificate.key_file", "");
    expect(now.network.client_certificate).toBeNull();
  });
});

describe("summaries", () => {
  it("says of untouched options that nothing differs", () => {
    for (const { group } of TABLES.groups) expect(told()[group].changed, group).toBe(false);
    expect(told().registration.value).toBe("automatic");
    expect(told().callback.value).toBe("127.0.0.1");
  });

  it("names what differs, in one line a group", () => {
    const { authorization, network } = given();
    const all = told({
      registration: {
        is: "preregistered",
        client_id: "desk",
        client_secret: null,
        private_key_file: "/key.pem",
        alg: null,
      },
      grant: { is: "jwt_bearer", assertion: "a.b.c" },
      authorization: {
        ...authorization,
        parameters: [["audience", "x"]],
        par: true,
        response_mode: "form_post",
      },
      resource: { is: "off" },
      dpop: true,
      then: ["check_cors"],
      network: { ...network, client_certificate: { certificate_file: "/a", key_file: "/b" } },
    });
    expect(all.registration.value).toBe("desk, private key");
    expect(all.grant.value).toBe("JWT bearer");
    expect(all.authorization.value).toBe("audience, pushed, form post");
    expect(all.resource).toEqual({ value: "off", changed: true });
    expect(all.tokens.value).toBe("DPoP");
    expect(all.after.value).toBe("check CORS");
    expect(all.network.value).toBe("client certificate");
  });

  it("counts a document that is served as a difference, even where the way is chosen automatically", () => {
    const { registration } = told({ client_metadata: { url: null, serve: true, port: null } });
    expect(registration).toEqual({ value: "document served here", changed: true });
  });
});

describe("problemsOf", () => {
  it("finds nothing in untouched options", () => expect(problems()).toEqual([]));

  it.each([
    ['{"type":1}', "an object"],
    ["null", "null"],
    ["3", "a number"],
  ])("wants an array of authorization details, not %s", (text, got) => {
    const { authorization } = given();
    const found = problems({ authorization: { ...authorization, authorization_details: text } });
    expect(found.map(said)).toEqual([`Expected a JSON array, got ${got}.`]);
  });

  it("takes an array of authorization details", () => {
    const { authorization } = given();
    const authorization_details = '[{"type":"payment"}]';
    expect(problems({ authorization: { ...authorization, authorization_details } })).toEqual([]);
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
    expect(problems({ grant }).map(({ title, empty }) => [title, empty])).toEqual([
      ["ID token", false],
      ["Issuer of the identity provider", true],
      ["Client ID at the identity provider", true],
    ]);
  });

  it("cuts a long value before it is shown", () => {
    const [found] = problems({ resource: { is: "given", uri: "no uri ".repeat(100) } });
    expect(found!.got.length).toBeLessThan(60);
  });

  it("wants both halves of a client certificate", () => {
    const { network } = given();
    const client_certificate = { certificate_file: "/a.pem", key_file: "" };
    const found = problems({ network: { ...network, client_certificate } });
    expect(found.map(({ id }) => id)).toEqual(["network.client_certificate.key_file"]);
  });

  it("looks only at what counts", () => {
    const key = TABLES.options.find(({ id }) => id === "registration.alg")!;
    expect(counts(given(), key)).toBe(false);
  });
});
