import type { Followed } from "../host/bindings/Followed";
import type { Host } from "../host/host";

/** A value that was asked for, and where it stands. */
export interface FollowedValue {
  value: string;
  /** It is not to be shown. */
  secret: boolean;
  told: Followed;
}

/** The value that is followed through the run. */
export class Following {
  readonly #host: Host;
  /** Does something that may be refused, and says so when it is. */
  readonly #do: (action: () => Promise<unknown>) => Promise<boolean>;

  value = $state.raw<FollowedValue | null>(null);
  /** The value whose places were asked for last. */
  #asked = "";

  constructor(host: Host, done: (action: () => Promise<unknown>) => Promise<boolean>) {
    this.#host = host;
    this.#do = done;
  }

  /** Lights up a value wherever it stands. A late answer for another value is dropped. */
  async begin(value: string, secret: boolean): Promise<void> {
    this.#asked = value;
    await this.#do(async () => {
      const told = await this.#host.follow(value);
      if (this.#asked === value) this.value = { value, secret, told };
    });
  }

  /** There is more of the run: the value may stand in it, too. */
  again(): void {
    if (this.value) void this.begin(this.value.value, this.value.secret);
  }

  end(): void {
    this.#asked = "";
    this.value = null;
  }
}
