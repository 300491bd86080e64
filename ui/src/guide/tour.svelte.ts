import type { App } from "../app.svelte";
import type { TourLeg } from "../host/bindings/TourLeg";

/** The guided first run: real runs in the lab, one request at a time. */
export class Tour {
  readonly #app: App;
  #at = $state<number | null>(null);

  constructor(app: App) {
    this.#app = app;
  }

  /** The run of the tour that is shown; null outside of the tour. */
  get leg(): TourLeg | null {
    return this.#at === null ? null : (this.#legs[this.#at] ?? null);
  }

  /** Which of the runs it is, counted from 1, and how many there are. */
  get place(): { at: number; of: number } {
    return { at: (this.#at ?? 0) + 1, of: this.#legs.length };
  }

  get isOver(): boolean {
    return this.#app.over;
  }

  get canGoOn(): boolean {
    return this.leg !== null && !this.#app.busy && (this.isOver || this.#app.canStep);
  }

  async begin(): Promise<void> {
    await this.#start(0);
  }

  /** Sends the next request; after the last one, goes to the next run or to the start screen. */
  async goOn(): Promise<void> {
    if (!this.canGoOn || this.#at === null) return;
    if (!this.isOver) await this.#app.next();
    else if (this.#at + 1 < this.#legs.length) await this.#start(this.#at + 1);
    else await this.#app.toStart();
  }

  /** The run goes on as any other. */
  leave(): void {
    this.#at = null;
  }

  get #legs(): TourLeg[] {
    return this.#app.boot?.tour.legs ?? [];
  }

  async #start(at: number): Promise<void> {
    const leg = this.#legs[at];
    const options = this.#app.boot?.settings.options;
    if (!leg || !options) return;
    await this.#app.do(async () => {
      await this.#app.start(options, leg.lab, leg.at_once);
      this.#at = at;
    });
  }
}
