import type { ClientTable } from "./bindings/ClientTable";
import type { EdgeReport } from "./bindings/EdgeReport";
import { EDGE, PLAYED } from "./fixtures/clients";

/** Plays a table of clients, one row after the other. */
export class PlayedClients {
  #stopped = false;

  stop(): void {
    this.#stopped = true;
  }

  async play(url: string, pace: number, told: (table: ClientTable) => void): Promise<ClientTable> {
    this.#stopped = false;
    const table: ClientTable = { server_url: url, of: PLAYED.length, playing: null, rows: [] };
    for (const played of PLAYED) {
      told({ ...table, playing: played.row.name, rows: [...table.rows] });
      await new Promise((done) => setTimeout(done, pace));
      if (this.#stopped) {
        const row = { ...played.row, outcome: "ended", why: "Ended by the user." } as const;
        table.rows.push({ ...played, row });
        break;
      }
      table.rows.push(played);
    }
    told({ ...table, rows: [...table.rows] });
    return table;
  }

  /** As after a reload, where the page's address says that one came in the middle. */
  async follow(pace: number, told: (table: ClientTable) => void): Promise<ClientTable | null> {
    const asked = new URLSearchParams(location.search);
    return asked.has("playing") ? this.play("https://mcp.example/mcp", pace, told) : null;
  }

  edge(): EdgeReport {
    return EDGE;
  }
}
