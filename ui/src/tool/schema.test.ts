import { describe, expect, it } from "vitest";

import type { JsonValue } from "../host/bindings/serde_json/JsonValue";
import { MANY_TOOLS } from "../host/fixtures/tools";
import { Draft } from "./draft.svelte";
import { argumentsOf, formOf, hintOf, problemOf, valueOf } from "./schema";
import type { ToolField } from "./schema";

describe("formOf", () => {
  it("makes a field of each property, with what the schema says of it", () => {
    const fields = fieldsOf(MANY_TOOLS[0]!.input_schema);
    expect(
      fields.map(({ name, kind, required, initial }) => [name, kind, required, initial]),
    ).toEqual([
      ["query", "text", true, ""],
      ["limit", "integer", true, "10"],
      ["score", "number", false, ""],
      ["order", "choice", false, "0"],
      ["archived", "boolean", false, ""],
      ["folder", "text", false, ""],
      ["tags", "array", false, ""],
      ["range", "object", false, ""],
    ]);
    expect(fields.map(hintOf).slice(0, 3)).toEqual([
      "Words that have to be there.",
      "How many at most. · 1 to 50",
      "The lowest score.",
    ]);
  });

  it.each<[string, JsonValue]>([
    ["no object", "true"],
    ["another type", { type: "array" }],
    ["alternatives for the whole", { anyOf: [{}, {}] }],
    ["a reference for the whole", { $ref: "#/$defs/A" }],
    ["properties that are none", { properties: [1] }],
    ["a required member without a property", { properties: {}, required: ["id"] }],
    ["too many properties", { properties: Object.fromEntries(many(100)) }],
    ["endless names", { properties: { ["n".repeat(5_000)]: { type: "string" } } }],
  ])("leaves %s to the JSON editor", (_, schema) =>
    expect(formOf(schema)).toHaveProperty("exotic"),
  );

  it("makes JSON fields of what is nested, mixed or leads in circles", () => {
    const fields = fieldsOf({
      properties: {
        circle: { $ref: "#/$defs/A" },
        away: { $ref: "https://example.org/schema.json" },
        mixed: { type: ["string", "integer"] },
        several: { oneOf: [{ type: "string" }, { type: "integer" }] },
        anything: true,
        odd: { type: 7 },
      },
      $defs: { A: { $ref: "#/$defs/B" }, B: { $ref: "#/$defs/A" } },
    });
    expect(fields.map(({ kind }) => kind)).toEqual(Array(6).fill("json"));
  });

  it("stays quick with a schema of great depth and size", () => {
    let deep: JsonValue = { type: "string" };
    for (let at = 0; at < 100_000; at += 1) deep = { anyOf: [deep] };
    const wide = { properties: Object.fromEntries(many(200_000)) };
    // Time of the processor, which other programs on the machine do not use up.
    const before = process.cpuUsage();
    expect(
      fieldsOf({ properties: { deep, list: { default: deep, type: "array" } } })[0]!.kind,
    ).toBe("json");
    expect(formOf(wide)).toHaveProperty("exotic");
    expect(process.cpuUsage(before).user / 1_000).toBeLessThan(500);
  });

  it("cuts long words and leaves long defaults out", () => {
    const [field] = fieldsOf({
      properties: {
        a: { type: "string", description: "d".repeat(9_999), default: "x".repeat(99_999) },
      },
    });
    expect(field!.description!.length).toBeLessThanOrEqual(400);
    expect(field!.initial).toBe("");
  });
});

describe("problemOf and valueOf", () => {
  it.each<[ToolField["kind"], string, string | null, JsonValue | undefined]>([
    ["integer", "12", null, 12],
    ["integer", "1.5", "n: expected an integer, got “1.5”", undefined],
    ["integer", "0x10", "n: expected an integer, got “0x10”", undefined],
    [
      "integer",
      "99999999999999999999",
      "n: expected a number of at most 15 digits, got “99999999999999999999”",
      undefined,
    ],
    ["number", "-1.5e3", null, -1500],
    ["number", "Infinity", "n: expected a number, got “Infinity”", undefined],
    ["number", "", null, undefined],
    ["boolean", "false", null, false],
    ["array", "[1, 2]", null, [1, 2]],
    ["array", "{}", "n: expected a JSON array, got “{}”", undefined],
    ["object", "[", "n: expected JSON, got “[”", undefined],
    ["json", "null", null, null],
    ["text", "", null, undefined],
    ["text", " ", null, " "],
  ])("%s %j", (kind, text, problem, value) => {
    const field: ToolField = { ...plain, kind };
    expect(problemOf(field, text)).toBe(problem);
    if (problem === null) expect(valueOf(field, text)).toEqual(value);
  });

  it("holds a number to its bounds, and wants what is required", () => {
    const field: ToolField = { ...plain, kind: "integer", required: true, minimum: 1, maximum: 5 };
    expect([
      problemOf(field, "0"),
      problemOf(field, "6"),
      problemOf(field, ""),
      problemOf(field, "5"),
    ]).toEqual([
      "n: expected at least 1, got “0”",
      "n: expected at most 5, got “6”",
      "n: expected a value, got nothing",
      null,
    ]);
  });

  it("takes an empty text for none", () => {
    expect(problemOf({ ...plain, required: true }, "")).toBe("n: expected a value, got nothing");
    expect(valueOf(plain, "")).toBeUndefined();
  });

  it("keeps the type of a choice", () => {
    const [field] = fieldsOf({ properties: { n: { enum: ["1", 1, null] } } });
    expect(["0", "1", "2"].map((text) => valueOf(field!, text))).toEqual(["1", 1, null]);
    expect(problemOf(field!, "3")).toContain("one of the choices");
  });
});

describe("argumentsOf", () => {
  it("takes an object, or nothing", () => {
    expect(argumentsOf('{"a":1}')).toEqual({ arguments: { a: 1 } });
    expect(argumentsOf(" ")).toEqual({ arguments: {} });
  });

  it.each([
    ["[1]", "an array"],
    ["null", "null"],
    ['"a"', "a string"],
    ["{", "cannot be read"],
  ])("refuses %s", (text, got) =>
    expect(argumentsOf(text)).toEqual({ problem: expect.stringContaining(got) }),
  );
});

describe("Draft", () => {
  it("goes to JSON and back, and keeps members without a field", () => {
    const draft = new Draft(MANY_TOOLS[1]!, null);
    draft.texts[0] = "hello";
    draft.toggle(true);
    expect(JSON.parse(draft.json)).toEqual({ text: "hello" });
    draft.json = '{"text":"again","more":[1]}';
    draft.toggle(false);
    expect([draft.asJson, draft.texts[0], draft.others]).toEqual([false, "again", ["more"]]);
    expect(draft.arguments()).toEqual({ text: "again", more: [1] });
  });

  it("stays with JSON that the fields cannot show", () => {
    const draft = new Draft(MANY_TOOLS[1]!, null);
    draft.toggle(true);
    draft.json = '{"text":7}';
    draft.toggle(false);
    expect(draft.asJson).toBe(true);
    expect(draft.unshown).toContain("text");
  });

  it("begins with what was sent last", () => {
    const draft = new Draft(MANY_TOOLS[2]!, { a: 3 });
    expect(draft.arguments()).toEqual({ a: 3 });
    expect(draft.ready).toBe(false);
  });

  it("has members of any name", () => {
    const properties = JSON.parse(
      '{"__proto__":{"type":"string"},"constructor":{"type":"string"}}',
    );
    const draft = new Draft(
      { name: "t", title: null, description: null, input_schema: { properties } },
      null,
    );
    draft.texts = ["p", "c"];
    expect(JSON.stringify(draft.arguments())).toBe('{"__proto__":"p","constructor":"c"}');
  });
});

const plain: ToolField = {
  name: "n",
  kind: "text",
  required: false,
  title: null,
  description: null,
  choices: [],
  initial: "",
  minimum: null,
  maximum: null,
};

function fieldsOf(schema: JsonValue): ToolField[] {
  const form = formOf(schema);
  if ("exotic" in form) throw new Error(form.exotic);
  return form.fields;
}

function many(count: number): [string, JsonValue][] {
  return Array.from({ length: count }, (_, at) => [`p${at}`, { type: "string" }]);
}
