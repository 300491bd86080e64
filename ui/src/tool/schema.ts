import type { JsonValue } from "../host/bindings/serde_json/JsonValue";

/** A member of a tool's arguments that has a field of its own. */
export interface ToolField {
  name: string;
  kind: "text" | "number" | "integer" | "boolean" | "choice" | "array" | "object" | "json";
  required: boolean;
  /** Of the schema, cut. */
  title: string | null;
  description: string | null;
  /** What can be chosen, for `choice` only. */
  choices: JsonValue[];
  /** As it stands in the field at first; empty: nothing is given. */
  initial: string;
  minimum: number | null;
  maximum: number | null;
}

/** The form of a schema; or why there is none, and the arguments are written as JSON. */
export type ToolForm = { fields: ToolField[] } | { exotic: string };

// A schema is a stranger's: what is read of it is bounded, and nothing of it is run.
const FIELDS = 60;
const CHOICES = 200;
const LETTERS = 400;
const NAME_LETTERS = 200;
const DEFAULT_LETTERS = 20_000;
const HOPS = 8;
const KINDS = ["string", "number", "integer", "boolean", "array", "object"] as const;
/** They say of the whole what single fields cannot show. */
const WHOLE = [
  "oneOf",
  "anyOf",
  "allOf",
  "not",
  "if",
  "$ref",
  "patternProperties",
  "dependentSchemas",
];

type Schema = { readonly [key: string]: JsonValue };

/** Reads the first level of a schema; everything deeper is one JSON field. Never throws. */
export function formOf(input: JsonValue): ToolForm {
  if (!isObject(input)) return { exotic: "The schema is not an object" };
  const type = own(input, "type");
  if (type !== undefined && type !== "object")
    return { exotic: "The schema is not that of an object" };
  const whole = WHOLE.find((keyword) => own(input, keyword) !== undefined);
  if (whole) return { exotic: `The schema uses ${whole} for the whole` };
  const properties = own(input, "properties") ?? {};
  if (!isObject(properties)) return { exotic: "The properties of the schema are no object" };
  const names = firstKeys(properties, FIELDS);
  if (names === null) return { exotic: `The schema has more than ${FIELDS} properties` };
  if (names.some((name) => name.length > NAME_LETTERS))
    return { exotic: "The name of a property is very long" };
  const required = own(input, "required");
  const needed = new Set(Array.isArray(required) ? required.slice(0, 1_000) : []);
  for (const name of needed) {
    if (typeof name === "string" && !names.includes(name)) {
      return { exotic: `The required ${quoted(name)} is not among the properties` };
    }
  }
  return {
    fields: names.map((name) => fieldOf(name, own(properties, name)!, needed.has(name), input)),
  };
}

/** What the schema says of a field, in one line. */
export function hintOf({
  name,
  title,
  description,
  minimum,
  maximum,
}: ToolField): string | undefined {
  const bare = (text: string) => text.toLowerCase().replace(/[^\p{L}\p{N}]/gu, "");
  const bounds =
    minimum !== null && maximum !== null
      ? `${minimum} to ${maximum}`
      : minimum !== null
        ? `at least ${minimum}`
        : maximum !== null
          ? `at most ${maximum}`
          : "";
  // Some frameworks make a title of each name; it says nothing more.
  const named = title !== null && bare(title) !== bare(name) ? title : "";
  return [named, description ?? "", bounds].filter(Boolean).join(" · ") || undefined;
}

/** What is wrong with the text of a field: name, expected, got. Null when nothing is. */
export function problemOf(field: ToolField, text: string): string | null {
  const expected = (what: string) =>
    `${cut(field.name, 60)}: expected ${what}, got ${quoted(text)}`;
  if (text === "" || (text.trim() === "" && field.kind !== "text")) {
    return field.required ? `${cut(field.name, 60)}: expected a value, got nothing` : null;
  }
  switch (field.kind) {
    case "number":
    case "integer": {
      const number = Number(text);
      if (!/^\s*-?\d+(\.\d+)?([eE][+-]?\d+)?\s*$/.test(text) || !Number.isFinite(number)) {
        return expected(field.kind === "integer" ? "an integer" : "a number");
      }
      if (field.kind === "integer" && !Number.isInteger(number)) return expected("an integer");
      if (Number.isInteger(number) && !Number.isSafeInteger(number))
        return expected("a number of at most 15 digits");
      if (field.minimum !== null && number < field.minimum)
        return expected(`at least ${field.minimum}`);
      if (field.maximum !== null && number > field.maximum)
        return expected(`at most ${field.maximum}`);
      return null;
    }
    case "array":
    case "object":
    case "json": {
      const value = parsed(text);
      if (value === undefined) return expected("JSON");
      if (field.kind === "array" && !Array.isArray(value)) return expected("a JSON array");
      if (field.kind === "object" && !isObject(value)) return expected("a JSON object");
      return null;
    }
    case "choice":
      return field.choices[Number(text)] === undefined ? expected("one of the choices") : null;
    default:
      return null;
  }
}

/** The value of a field; undefined: it is left out. Only for a text without a problem. */
export function valueOf(field: ToolField, text: string): JsonValue | undefined {
  if (text.trim() === "" && field.kind !== "text") return undefined;
  switch (field.kind) {
    case "text":
      // An empty text can be sent as JSON; here nothing is nothing.
      return text === "" ? undefined : text;
    case "number":
    case "integer":
      return Number(text);
    case "boolean":
      return text === "true";
    case "choice":
      return field.choices[Number(text)];
    default:
      return parsed(text);
  }
}

/** A value as it stands in a field; undefined when the field cannot show it. */
export function textOf(field: ToolField, value: JsonValue): string | undefined {
  switch (field.kind) {
    case "text":
      return typeof value === "string" && value !== "" ? value : undefined;
    case "number":
    case "integer":
      return typeof value === "number" ? String(value) : undefined;
    case "boolean":
      return typeof value === "boolean" ? String(value) : undefined;
    case "choice": {
      const at = field.choices.findIndex((choice) => laidOut(choice) === laidOut(value));
      return at < 0 ? undefined : String(at);
    }
    default:
      return laidOut(value);
  }
}

/** The arguments of a text; or why it is none. */
export function argumentsOf(
  text: string,
): { arguments: { [key: string]: JsonValue } } | { problem: string } {
  if (text.trim() === "") return { arguments: {} };
  const value = parsed(text);
  if (value === undefined)
    return { problem: "arguments: expected JSON, got what cannot be read as such" };
  if (!isObject(value)) {
    const got = Array.isArray(value) ? "an array" : value === null ? "null" : `a ${typeof value}`;
    return { problem: `arguments: expected a JSON object, got ${got}` };
  }
  return { arguments: value };
}

function fieldOf(name: string, given: JsonValue, required: boolean, root: Schema): ToolField {
  const { schema, nullable } = plain(given, root);
  const choices = own(schema, "enum");
  const constant = own(schema, "const");
  const field: ToolField = {
    name,
    kind: "json",
    required: required && !nullable,
    title: words(own(schema, "title") ?? (isObject(given) ? own(given, "title") : undefined)),
    description: words(
      (isObject(given) ? own(given, "description") : undefined) ?? own(schema, "description"),
    ),
    choices: [],
    initial: "",
    minimum: number(own(schema, "minimum")),
    maximum: number(own(schema, "maximum")),
  };
  if (Array.isArray(choices) && choices.length > 0 && choices.length <= CHOICES) {
    field.kind = "choice";
    field.choices = choices;
  } else if (constant !== undefined) {
    field.kind = "choice";
    field.choices = [constant];
  } else {
    const type = own(schema, "type");
    const kind = KINDS.find((known) => known === type);
    field.kind = kind === undefined ? "json" : kind === "string" ? "text" : kind;
  }
  const preset = (isObject(given) ? own(given, "default") : undefined) ?? own(schema, "default");
  if (preset !== undefined && preset !== null) {
    const text = textOf(field, preset) ?? "";
    field.initial = text.length <= DEFAULT_LETTERS ? text : "";
  }
  return field;
}

/** The schema behind references, and without the alternative null that makes a member optional. */
function plain(given: JsonValue, root: Schema): { schema: Schema; nullable: boolean } {
  let schema: JsonValue | undefined = given;
  let nullable = false;
  for (let hop = 0; hop < HOPS; hop += 1) {
    if (!isObject(schema)) return { schema: {}, nullable };
    const reference = own(schema, "$ref");
    const either = own(schema, "anyOf") ?? own(schema, "oneOf");
    const type = own(schema, "type");
    if (typeof reference === "string") schema = target(reference, root);
    else if (Array.isArray(either)) {
      const others: JsonValue[] = either.length <= 2 ? either.filter((one) => !isNull(one)) : [];
      // Among several there is none to make a field for.
      if (others.length !== 1) return { schema: {}, nullable };
      nullable ||= either.length === 2;
      schema = others[0];
    } else if (Array.isArray(type)) {
      const others = type.slice(0, 8).filter((one) => one !== "null");
      nullable ||= others.length < type.length;
      return { schema: others.length === 1 ? { ...schema, type: others[0]! } : {}, nullable };
    } else return { schema, nullable };
  }
  return { schema: {}, nullable };
}

/** Only "#/$defs/Name" and its older spelling lead somewhere; nothing is ever fetched. */
function target(reference: string, root: Schema): JsonValue | undefined {
  const found = /^#\/(\$defs|definitions)\/([^/]{1,200})$/.exec(reference);
  const definitions = found ? own(root, found[1]!) : undefined;
  if (!found || !isObject(definitions)) return undefined;
  return own(definitions, found[2]!.replaceAll("~1", "/").replaceAll("~0", "~"));
}

function isNull(schema: JsonValue): boolean {
  return isObject(schema) && own(schema, "type") === "null";
}

function isObject(value: JsonValue | undefined): value is { [key: string]: JsonValue } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A member of the value itself, not of what all objects have. */
function own(value: Schema, key: string): JsonValue | undefined {
  return Object.hasOwn(value, key) ? value[key] : undefined;
}

/** All keys; null when there are more than so many, without counting the rest. */
function firstKeys(value: Schema, most: number): string[] | null {
  const names: string[] = [];
  for (const name in value) {
    if (names.length === most) return null;
    if (Object.hasOwn(value, name)) names.push(name);
  }
  return names;
}

function parsed(text: string): JsonValue | undefined {
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    return undefined;
  }
}

/** None when it is nested too deep to be written. */
function laidOut(value: JsonValue): string | undefined {
  try {
    return JSON.stringify(value, null, 2);
  } catch {
    return undefined;
  }
}

function words(value: JsonValue | undefined): string | null {
  return typeof value === "string" && value.trim() !== "" ? cut(value, LETTERS) : null;
}

function number(value: JsonValue | undefined): number | null {
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}

function quoted(text: string): string {
  return text.trim() === "" ? "nothing" : `“${cut(text, 40)}”`;
}

function cut(text: string, letters: number): string {
  return text.length > letters ? text.slice(0, letters - 1) + "…" : text;
}
