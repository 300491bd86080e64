import type { App } from "../app.svelte";
import type { Comparison } from "../host/bindings/Comparison";

/** Two runs, and of each the flow that was chosen. */
interface Compared {
  a: number;
  b: number;
  flowA: number | null;
  flowB: number | null;
  /** What differs; null while that is being found. */
  result: Comparison | null;
}

/** Two runs side by side. */
export class Comparing {
  readonly #app: App;
  /** Null when none are. */
  compared = $state.raw<Compared | null>(null);
  /** The run that the present one is compared with when it ends. */
  #first: number | null = null;

  constructor(app: App) {
    this.#app = app;
  }

  /** Shows two runs side by side; of each the flow of this number, or the last one. */
  async show(
    a: number,
    b: number,
    flowA: number | null = null,
    flowB: number | null = null,
  ): Promise<void> {
    this.#app.panel = null;
    this.#first = null;
    const asked: Compared = { a, b, flowA, flowB, result: null };
    this.compared = asked;
    this.#app.screen = "compare";
    const done = await this.#app.do(async () => {
      const of = (document: number, flow: number | null) => ({ document, flow });
      const result = await this.#app.host.compare(of(a, flowA), of(b, flowB));
      // Others may have been chosen meanwhile.
      if (this.compared === asked) this.compared = { ...asked, result };
    });
    if (!done) this.leave();
  }

  leave(): void {
    this.forget();
    this.#app.screen = "run";
  }

  forget(): void {
    this.compared = null;
  }

  /** Shows this run beside the one that begins now, once that has ended. */
  withNext(run: number): void {
    this.#first = run;
  }

  ended(run: number): void {
    if (this.#first !== null && this.#first !== run) void this.show(this.#first, run);
  }
}
