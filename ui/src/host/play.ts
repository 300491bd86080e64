import type { Detail } from "./bindings/Detail";
import type { Entry } from "./bindings/Entry";
import type { Finding } from "./bindings/Finding";
import type { NextStep } from "./bindings/NextStep";
import type { Phase } from "./bindings/Phase";
import type { PhaseState } from "./bindings/PhaseState";
import type { Request } from "./bindings/Request";
import type { Row } from "./bindings/Row";
import type { Status } from "./bindings/Status";
import type { Update } from "./bindings/Update";
import type { VaultView } from "./bindings/VaultView";
import type { View } from "./bindings/View";
import type { Script, ScriptRow, ScriptStep } from "./fixtures/script";

const PHASES: [Phase, string][] = [
  ["challenge", "Challenge"],
  ["resource_metadata", "Resource metadata"],
  ["server_metadata", "Server metadata"],
  ["registration", "Registration"],
  ["authorization", "Authorization"],
  ["token", "Token"],
  ["mcp", "MCP"],
];

/** A script being played: the fake's stand-in for a session. */
export class Play {
  running = false;

  readonly #script: Script;
  readonly #vault: VaultView;
  readonly #tell: (update: Update) => void;
  #run = 0;
  #url: string;
  #at = 0;
  #branch = 0;
  #rows: Row[] = [];
  #told = 0;
  #kept = new Map<number, ScriptRow>();
  #firstOfStep = new Map<number, number>();
  #findings: Finding[] = [];
  #status: Status = { is: "ready" };
  #edited: Request | null = null;
  #tokens: View["tokens"] = [];

  constructor(script: Script, vault: VaultView, tell: (update: Update) => void) {
    this.#script = script;
    this.#vault = vault;
    this.#tell = tell;
    this.#url = script.serverUrl;
  }

  begin(url = this.#url): void {
    this.#url = url;
    this.#run += 1;
    this.#at = 0;
    this.#branch = 0;
    this.#rows = [];
    this.#told = 0;
    this.#kept.clear();
    this.#firstOfStep.clear();
    this.#findings = [];
    this.#status = { is: "ready" };
    this.#tokens = [];
    this.running = false;
    this.#edited = null;
    this.#send(true);
  }

  canStep(): boolean {
    return this.#status.is === "ready" && this.#at < this.#script.steps.length;
  }

  step(): void {
    const step = this.#step();
    if (!this.canStep() || !step) return;
    this.#firstOfStep.set(this.#at, this.#rows.length + 1);
    const [first, ...rest] = step.rows;
    if (step.awaits && first?.is === "browser") {
      this.#append(step, [first]);
      const { how } = step.awaits;
      const deadline = (Date.now() + 300_000) * 1_000;
      this.#status = { is: "awaiting_callback", authorization_url: first.url, how, deadline };
    } else {
      this.#append(step, first ? [first, ...rest] : []);
      this.#finish(step);
    }
    this.#send();
  }

  callback(): void {
    const step = this.#step();
    if (this.#status.is !== "awaiting_callback" || !step) return;
    this.#append(step, step.rows.slice(1));
    this.#status = { is: "ready" };
    this.#finish(step);
    this.#send();
  }

  setRunning(running: boolean): void {
    this.running = running && (this.canStep() || this.#status.is === "awaiting_callback");
    this.#send();
  }

  end(): void {
    this.running = false;
    this.#status = { is: "ended" };
    this.#send();
  }

  goOn(): void {
    if (this.#status.is !== "stopped" || !this.#status.can_go_on) return;
    this.#status = { is: "ready" };
    const step = this.#script.steps[this.#at - 1]!;
    this.#append(step, [{ is: "decision", text: "Went on anyway, at the user's wish." }]);
    this.#send();
  }

  rewind(to: number): void {
    const step = [...this.#firstOfStep].filter(([, first]) => first <= to).at(-1);
    this.#at = step ? step[0] : 0;
    const seq = this.#rows.length + 1;
    this.#branch += 1;
    const phase = this.#step()?.phase ?? "challenge";
    this.#rows.push({ seq, at: now(), branch: this.#branch, phase, kind: { is: "rewound", to } });
    this.#status = { is: "ready" };
    this.running = false;
    this.#edited = null;
    this.#send();
  }

  /** Leaves a step out. */
  skip(): void {
    this.#at += 1;
    this.#send();
  }

  edit(request: Request | null): void {
    this.#edited = request;
    this.#send();
  }

  deleteToken(id: string): void {
    this.#tokens = this.#tokens.filter((token) => token.id !== id);
    this.#send();
  }

  detail(seq: number, secrets: boolean): Detail {
    const row = this.#rows[seq - 1]!;
    const kept = this.#kept.get(seq);
    const entry: Entry = { ...row, kind: kindOf(row, kept) };
    const curl =
      kept?.is === "exchange"
        ? `curl --request ${kept.exchange.request.method} '${kept.exchange.request.url}'` +
          kept.exchange.request.headers
            .map(({ name, value }) => {
              const shown = !secrets && name === "authorization" ? "Bearer $ACCESS_TOKEN" : value;
              return ` \\\n  --header '${name}: ${shown}'`;
            })
            .join("")
        : null;
    return { entry, decoded: kept?.is === "exchange" ? kept.decoded : [], curl };
  }

  #step(): ScriptStep | undefined {
    return this.#script.steps[this.#at];
  }

  #append(step: ScriptStep, rows: ScriptRow[]): void {
    for (const given of rows) {
      const seq = this.#rows.length + 1;
      const sent =
        this.#edited && given.is === "exchange"
          ? { ...given, exchange: { ...given.exchange, edited: true, request: this.#edited } }
          : given;
      if (given.is === "exchange") this.#edited = null;
      this.#kept.set(seq, sent);
      this.#rows.push({ seq, at: now(), branch: this.#branch, phase: step.phase, kind: rowKind(sent) });
    }
  }

  #finish(step: ScriptStep): void {
    const first = this.#firstOfStep.get(this.#at) ?? 1;
    for (const finding of step.findings ?? []) {
      this.#findings = [
        ...this.#findings,
        { ...finding, exchange: finding.exchange === null ? null : first + finding.exchange },
      ];
    }
    if (step.tokens) this.#tokens = step.tokens;
    this.#at += 1;
    if (step.stops) {
      const { code, message, canGoOn } = step.stops;
      this.#status = { is: "stopped", code, message, can_go_on: canGoOn };
    } else if (step.done) this.#status = { is: "done", message: step.done };
    if (this.#status.is !== "ready") this.running = false;
  }

  #send(everything = false): void {
    const rows = this.#rows.slice(this.#told);
    this.#told = this.#rows.length;
    this.#tell({
      run: this.#run,
      rows,
      participants: everything ? this.#script.participants : null,
      findings: this.#findings,
      view: this.#view(),
    });
  }

  #view(): View {
    const past = this.#script.steps.slice(0, this.#at);
    return {
      server_url: this.#url,
      status: this.#status,
      running: this.running,
      phases: PHASES.map(([phase, title]) => this.#phase(phase, title)),
      next: this.#next(),
      revision: past.some((step) => step.phase === "resource_metadata") ? "2025-11-25" : null,
      tokens: this.#tokens,
      vault: this.#vault,
      listening: this.#status.is === "awaiting_callback" ? "http://127.0.0.1:43117/callback" : null,
      server: past.findLast((step) => step.server)?.server ?? null,
      authorization_servers: [],
      issuer: null,
      actions: [],
      registrations: [],
      registrations_left: 0,
    };
  }

  #next(): NextStep | null {
    const step = this.#step();
    if (this.#status.is !== "ready" || !step) return null;
    const { phase, title, why, browser = false } = step;
    const first = step.rows[0];
    const nothing = { content: { text: "" }, end: { is: "complete" as const } };
    const prepared: Request =
      first?.is === "exchange"
        ? first.exchange.request
        : { method: "GET", url: first?.is === "browser" ? first.url : "", headers: [], body: nothing };
    return { phase, title, why, browser, request: this.#edited ?? prepared, edited: this.#edited !== null };
  }

  #phase(phase: Phase, title: string): PhaseState {
    const exchanges = this.#rows.filter((row) => row.phase === phase && row.kind.is === "exchange").length;
    const here = this.#script.steps.findIndex((step) => step.phase === phase);
    const last = this.#script.steps.findLastIndex((step) => step.phase === phase);
    const stoppedHere = this.#status.is === "stopped" && this.#script.steps[this.#at - 1]?.phase === phase;
    if (stoppedHere) return { phase, title, progress: "failed", exchanges };
    if (here >= 0 && last < this.#at) return { phase, title, progress: "passed", exchanges };
    const active =
      this.#step()?.phase === phase && this.#status.is !== "ended" && this.#status.is !== "stopped";
    return { phase, title, progress: active ? "active" : "pending", exchanges };
  }
}

function rowKind(given: ScriptRow): Row["kind"] {
  if (given.is === "decision") return given;
  if (given.is === "browser") return { is: "browser", path: given.path, how: given.how };
  const { from, to, request, label, outcome, verdict, timings, edited } = given.exchange;
  return {
    is: "exchange",
    from,
    to,
    method: request.method,
    path: given.path,
    label,
    status: outcome.is === "response" ? outcome.status : null,
    failure: outcome.is === "failure" ? outcome.message : null,
    verdict,
    duration: timings.total,
    edited,
  };
}

function kindOf(row: Row, kept: ScriptRow | undefined): Entry["kind"] {
  if (kept?.is === "exchange") return { ...kept.exchange, is: "exchange" };
  if (kept?.is === "browser") return { is: "browser_opened", url: kept.url, how: kept.how };
  if (row.kind.is === "rewound") return { is: "rewound", to: row.kind.to };
  return { is: "decision", what: "ended" };
}

function now(): number {
  return Date.now() * 1_000;
}
