import type { JsonValue } from "../host/bindings/serde_json/JsonValue";
import type { Tool } from "../host/bindings/Tool";
import { argumentsOf, formOf, problemOf, textOf, valueOf } from "./schema";
import type { ToolField, ToolForm } from "./schema";

type Arguments = { [key: string]: JsonValue };

/** The arguments of a call as they are being written: in fields, or as JSON. */
export class Draft {
  readonly form: ToolForm;
  readonly fields: ToolField[];
  texts = $state<string[]>([]);
  json = $state("");
  asJson = $state(false);
  /** Why the fields cannot show what stands in the JSON. */
  unshown = $state<string | null>(null);
  /** Fields that were left once, or all after an attempt to send. */
  reached = $state<boolean[]>([]);

  /** Members without a field; they are sent as they are. */
  #rest = $state.raw<[string, JsonValue][]>([]);

  constructor(tool: Tool, given: Arguments | null) {
    this.form = formOf(tool.input_schema);
    this.fields = "fields" in this.form ? this.form.fields : [];
    this.texts = this.fields.map((field) => field.initial);
    this.asJson = "exotic" in this.form;
    if (this.asJson) this.json = JSON.stringify(given ?? {}, null, 2);
    else if (given && !this.#fill(given)) {
      this.json = JSON.stringify(given, null, 2);
      this.asJson = true;
    }
  }

  readonly problems = $derived.by(() =>
    this.asJson ? [] : this.fields.map((field, at) => problemOf(field, this.texts[at] ?? "")),
  );
  readonly jsonProblem = $derived.by(() => {
    const read = this.asJson ? argumentsOf(this.json) : null;
    return read && "problem" in read ? read.problem : null;
  });
  readonly ready = $derived(
    this.jsonProblem === null && this.problems.every((problem) => problem === null),
  );
  /** The names of members that are sent, but have no field. */
  readonly others = $derived(this.#rest.map(([name]) => name));

  /** What is wrong with a field, once it was reached. */
  complaint(at: number): string | null {
    return this.reached[at] ? (this.problems[at] ?? null) : null;
  }

  /** Everything that is wrong is said from now on. */
  reachAll(): void {
    this.reached = this.fields.map(() => true);
  }

  /** The arguments as they would be sent; what is wrong is left out. */
  arguments(): Arguments {
    if (this.asJson) {
      const read = argumentsOf(this.json);
      return "arguments" in read ? read.arguments : {};
    }
    const members = this.fields.flatMap((field, at): [string, JsonValue][] => {
      const value = this.problems[at] === null ? valueOf(field, this.texts[at] ?? "") : undefined;
      return value === undefined ? [] : [[field.name, value]];
    });
    // Made of entries, not by assignment: a member may be called "__proto__".
    return Object.fromEntries([...members, ...this.#rest]);
  }

  /** Goes from fields to JSON, or back where the fields can show what stands there. */
  toggle(asJson: boolean): void {
    this.unshown = null;
    if (asJson) {
      this.json = JSON.stringify(this.arguments(), null, 2);
      this.asJson = true;
      return;
    }
    const read = argumentsOf(this.json);
    if ("arguments" in read && this.#fill(read.arguments)) this.asJson = false;
  }

  #fill(given: Arguments): boolean {
    const texts: string[] = [];
    for (const field of this.fields) {
      const value = Object.hasOwn(given, field.name) ? given[field.name] : undefined;
      const text = value === undefined ? "" : textOf(field, value);
      if (text === undefined) {
        this.unshown = `The field ${field.name} cannot show what stands in the JSON.`;
        return false;
      }
      texts.push(text);
    }
    const known = new Set(this.fields.map(({ name }) => name));
    this.#rest = Object.entries(given).filter(([name]) => !known.has(name));
    this.texts = texts;
    return true;
  }
}
