import type { ClientTable } from "../host/bindings/ClientTable";
import type { EdgeReport } from "../host/bindings/EdgeReport";
import type { EdgeRequest } from "../host/bindings/EdgeRequest";
import type { Options } from "../host/bindings/Options";
import type { TableRequest } from "../host/bindings/TableRequest";
import type { Host } from "../host/host";

/** Which server is looked at: the options of the start screen, or none for the run that is shown. */
export interface Wanted {
  url: string;
  options: Options | null;
  lab: string | null;
}

/** What became of a server in the hands of known clients, and at its edge. */
export class Clients {
  readonly #host: Host;

  /** What the table is asked for; null while nobody asks. */
  wanted = $state.raw<Wanted | null>(null);
  table = $state.raw<ClientTable | null>(null);
  edge = $state.raw<EdgeReport | null>(null);
  /** The edge is being looked at. */
  asking = $state(false);

  readonly playing = $derived(this.table?.playing ?? null);

  constructor(host: Host) {
    this.#host = host;
  }

  /** Plays every client. Resolves as soon as the first one is being played. */
  play(wanted: Wanted, consent: boolean, login: boolean): Promise<void> {
    const { options, lab } = wanted;
    const request: TableRequest = { options, lab, consent, login };
    return new Promise((begun, refused) => {
      const take = (table: ClientTable): void => {
        this.table = table;
        begun();
      };
      this.edge = null;
      this.#host.playClients(request, take).then(take, refused);
    });
  }

  /** Goes on with what was played before the window was reloaded; `playing` says that it still is. */
  async follow(playing: () => void): Promise<void> {
    let isNew = true;
    const table = await this.#host.followClients((changed) => {
      this.table = changed;
      if (isNew) playing();
      isNew = false;
    });
    if (table !== null) this.table = table;
  }

  /** Looks at the edge of the server of the table. */
  async askEdge(wanted: EdgeRequest): Promise<void> {
    this.asking = true;
    try {
      this.edge = await this.#host.checkEdge(wanted);
    } finally {
      this.asking = false;
    }
  }
}
