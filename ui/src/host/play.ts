import type { BrowserShows } from "./bindings/BrowserShows";
import type { Breakpoint } from "./bindings/Breakpoint";
import type { Action } from "./bindings/Action";
import type { Detail } from "./bindings/Detail";
import type { Finding } from "./bindings/Finding";
import type { Followed } from "./bindings/Followed";
import type { NextStep } from "./bindings/NextStep";
import type { Outcome } from "./bindings/Outcome";
import type { Participant } from "./bindings/Participant";
import type { Phase } from "./bindings/Phase";
import type { PhaseState } from "./bindings/PhaseState";
import type { RecordingView } from "./bindings/RecordingView";
import type { Registration } from "./bindings/Registration";
import type { Request } from "./bindings/Request";
import type { Row } from "./bindings/Row";
import type { Status } from "./bindings/Status";
import type { TokenSeen } from "./bindings/TokenSeen";
import type { Update } from "./bindings/Update";
import type { VaultView } from "./bindings/VaultView";
import type { View } from "./bindings/View";
import { metBy } from "./breaks";
import { findingsChange, viewChange } from "./changes";
import type { Told } from "./changes";
import { ACCESS, CODE, ISSUER, REFRESH, VERIFIER } from "./fixtures/places";
import { browser, exchange } from "./fixtures/script";
import type { Script, ScriptRow, ScriptStep } from "./fixtures/script";
import { loginPage } from "./fixtures/watched";
import { breakpointView, meaningsOfRequest, phaseInASentence } from "./guide";
import { detailOf, followedIn, guideOf, tokensIn } from "./lookups";
import { MAIN, MORE, now, rowKind } from "./rows";
import { rulesOf } from "./rules";
import { inOrder, verdictOf } from "./verdict";

/** Between two polls of a device, seconds. */
export const POLLS = 2;

/** A script being played: the fake's stand-in for a session. */
export class Play {
  running = false;

  #script: Script;
  readonly #vault: VaultView;
  readonly #tell: (update: Update) => void;
  #run = 0;
  #url: string;
  #at = 0;
  #branch = 0;
  #rows: Row[] = [];
  /** What was told last; null before anything was. */
  #told: Told | null = null;
  #kept = new Map<number, ScriptRow>();
  #firstOfStep = new Map<number, number>();
  #findings: Finding[] = [];
  #status: Status = { is: "ready" };
  #edited: Request | null = null;
  #breakpoints: Breakpoint[] = [];
  #atBreakpoint: Breakpoint | null = null;
  #tokens: View["tokens"] = [];
  /** What the page that the browser was sent to answers without cookies. */
  #page: View["page"] = null;
  #steps: ScriptStep[];
  #issuer: string | null = null;
  #polled = 0;
  #rotated = false;
  #registered = 0;
  #recording: RecordingView | null = null;
  /** A recording that is a run of an earlier day. */
  runsAgain = false;
  /** Why the runs are not kept. */
  notKept: string | null = null;

  constructor(script: Script, vault: VaultView, tell: (update: Update) => void) {
    this.#script = script;
    this.#vault = vault;
    this.#tell = tell;
    this.#url = script.serverUrl;
    this.#steps = script.steps;
  }

  begin(url = this.#url, script = this.#script): void {
    this.#url = url;
    this.#script = script;
    this.#run += 1;
    this.#at = 0;
    this.#branch = 0;
    this.#rows = [];
    this.#kept.clear();
    this.#firstOfStep.clear();
    this.#findings = [];
    this.#status = { is: "ready" };
    this.#page = null;
    this.#tokens = [];
    this.#steps = this.#script.steps;
    this.#issuer = null;
    this.#rotated = false;
    this.#registered = 0;
    this.running = false;
    this.#edited = null;
    this.#recording = null;
    this.tellAll();
  }

  /** Plays the script to its end, as the recording of another client. */
  open(recording: RecordingView): void {
    this.begin();
    this.#recording = recording;
    while (this.canStep()) {
      this.step();
      this.callback();
    }
    this.tellAll();
  }

  /** The number of the document that is played. */
  get document(): number {
    return this.#run;
  }

  /** Tells everything there is, as to a window that has seen nothing. */
  tellAll(): void {
    this.#told = null;
    this.#send();
  }

  canStep(): boolean {
    return this.#status.is === "ready" && this.#at < this.#steps.length;
  }

  step(): void {
    const step = this.#step();
    if (!this.canStep() || !step) return;
    this.#firstOfStep.set(this.#at, this.#rows.length + 1);
    const [first, ...rest] = step.rows;
    const held = metBy(this.#breakpoints, step, first, true);
    this.#atBreakpoint = held;
    if (held && first?.is === "exchange") {
      const { request, outcome } = first.exchange;
      this.#status = { is: "answer_held", title: step.title, request, outcome };
    } else if (step.awaits && first?.is === "browser") {
      const { how, pages = 0 } = step.awaits;
      this.#append(step, [first, ...rest.slice(0, pages)]);
      const deadline = (Date.now() + 300_000) * 1_000;
      const can_watch = how === "system";
      const { url: authorization_url } = first;
      this.#status = { is: "awaiting_callback", authorization_url, how, deadline, can_watch };
    } else if (step.device && first) {
      this.#append(step, [first]);
      this.#polled = 1;
      const deadline = (Date.now() + 600_000) * 1_000;
      this.#status = {
        is: "awaiting_device",
        ...step.device,
        deadline,
        next_poll: now() + POLLS * 1_000_000,
      };
    } else {
      this.#append(step, first ? [first, ...rest] : []);
      this.#finish(step);
    }
    this.#send();
  }

  /** A client is observed at this URL: what it asks comes by itself. */
  observe(serverUrl: string, url: string): void {
    this.begin(serverUrl);
    this.#told = null;
    while (this.canStep()) {
      const step = this.#step();
      if (!step) break;
      // Another client does not say why it does something, and opens its browser by itself.
      this.#append(
        step,
        step.rows.filter((row) => row.is === "exchange"),
      );
      this.#finish(step);
    }
    this.#status = { is: "observing", url, port: 23_374 };
    this.#send();
  }

  /** The user says what the browser shows: where there is no way on, the page is asked for, once. */
  browserShows(shows: BrowserShows): void {
    const step = this.#step();
    if (this.#status.is !== "awaiting_callback" || !step || this.#page) return;
    if (shows === "login" || shows === "success") return;
    const body = "<!doctype html><title>Unknown client</title>";
    const asked = exchange({
      purpose: { is: "authorization_probe" },
      to: 3,
      method: "GET",
      url: this.#status.authorization_url,
      label: "without cookies",
      status: 400,
      answer: body,
      answerHeaders: [["content-type", "text/html; charset=utf-8"]],
      verdict: ["rejected", "text/html"],
    });
    this.#append(step, [asked]);
    this.#page = {
      exchange: this.#rows.length,
      status: 400,
      text: "Asked without cookies, the page answers 400 with a web page that says: Unknown client.",
    };
    this.#send();
  }

  /** The request is made once more, in a browser that is watched. */
  watchBrowser(): void {
    const step = this.#step();
    if (this.#status.is !== "awaiting_callback" || !step) return;
    const { authorization_url: url } = this.#status;
    this.#append(step, [browser(url, "watched"), loginPage(ISSUER, url)]);
    this.#status = { ...this.#status, how: "watched", can_watch: false };
    this.#send();
  }

  callback(): void {
    const step = this.#step();
    if (this.#status.is !== "awaiting_callback" || !step) return;
    this.#append(step, step.rows.slice(1 + (step.awaits?.pages ?? 0)));
    this.#status = { is: "ready" };
    this.#finish(step);
    this.#send();
  }

  /** The token endpoint is asked again, while a device is waited for. True while it has to be asked once more. */
  poll(): boolean {
    const step = this.#step();
    const row = step?.rows[this.#polled];
    if (this.#status.is !== "awaiting_device" || !step || !row) return false;
    this.#append(step, [row]);
    this.#polled += 1;
    const last = this.#polled === step.rows.length;
    if (last) {
      this.#status = { is: "ready" };
      this.#finish(step);
    } else this.#status = { ...this.#status, next_poll: now() + POLLS * 1_000_000 };
    this.#send();
    return !last;
  }

  get awaitsDevice(): boolean {
    return this.#status.is === "awaiting_device";
  }

  act(action: Action): boolean {
    const act = this.#actions().includes(action.kind) ? this.#script.acts?.(action) : undefined;
    if (!act) return false;
    this.#append({ phase: act.phase, title: "", why: "", rows: [] }, act.rows);
    if (action.kind === "rotate") this.#rotated = true;
    if (action.kind === "delete_registration") this.#registered = 0;
    if (action.kind === "revoke") this.#tokens = [];
    this.#status = { is: "done", message: act.message };
    this.#send();
    return true;
  }

  chooseIssuer(issuer: string): void {
    const steps = this.#script.withIssuer?.(issuer);
    if (!steps) return;
    this.#steps = steps;
    this.#issuer = issuer;
    const from = steps.findIndex((step) => step.phase === "server_metadata");
    this.#at = Math.min(this.#at, from);
    this.#status = { is: "ready" };
    const { phase } = steps[this.#at]!;
    this.#append({ phase, title: "", why: "", rows: [] }, [
      { is: "decision", text: `Authorization server: ${issuer}, by the user's choice` },
    ]);
    this.#send();
  }

  chooseClient(registration: Registration): void {
    const step = this.#script.withClient?.(registration);
    if (!step || this.#status.is !== "stopped") return;
    this.#append(step, step.rows);
    this.#status = { is: "ready" };
    this.#send();
  }

  setRunning(running: boolean): void {
    this.running = running && (this.canStep() || this.#status.is.startsWith("awaiting"));
    this.#send();
  }

  end(): void {
    this.running = false;
    const waiting = this.#status.is === "awaiting_callback";
    const where = waiting ? ` while the browser was at ${this.#origin()}` : "";
    this.#status = { is: "ended", message: `Ended by the user${where}.` };
    this.#send();
  }

  goOn(): void {
    if (this.#status.is !== "stopped" || !this.#status.can_go_on) return;
    this.#status = { is: "ready" };
    const step = this.#steps[this.#at - 1]!;
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

  setBreakpoints(breakpoints: Breakpoint[]): void {
    this.#breakpoints = breakpoints;
    this.#send();
  }

  /** Whether the run waits before the step that comes next. It does so once. */
  breaks(): boolean {
    const step = this.#step();
    if (!step || this.#atBreakpoint) return false;
    this.#atBreakpoint = metBy(this.#breakpoints, step, step.rows[0], false);
    if (this.#atBreakpoint) this.setRunning(false);
    return this.#atBreakpoint !== null;
  }

  /** The answer that is held goes on, as it came or changed. */
  letThrough(changed: Outcome | null): void {
    const step = this.#step();
    const [first, ...rest] = step?.rows ?? [];
    if (this.#status.is !== "answer_held" || !step || first?.is !== "exchange") return;
    this.#status = { is: "ready" };
    this.#atBreakpoint = null;
    const exchange = changed
      ? { ...first.exchange, outcome: changed, answer_edited: true }
      : first.exchange;
    this.#append(step, [{ ...first, exchange }, ...rest]);
    this.#finish(step);
    this.#send();
  }

  /** Copies of a row, beside the flow. */
  resend(seq: number, request: Request | null, times: number): void {
    const kept = this.#kept.get(seq);
    const phase = this.#rows[seq - 1]?.phase;
    if (kept?.is !== "exchange" || phase === undefined) return;
    const purpose = { is: "copy", of: kept.exchange.purpose } as const;
    for (let number = 1; number <= times; number += 1) {
      const label = times === 1 ? `copy of ${seq}` : `copy of ${seq}, ${number} of ${times}`;
      const exchange = {
        ...kept.exchange,
        purpose,
        label,
        request: request ?? kept.exchange.request,
        edited: request !== null,
        verdict: null,
      };
      const copy = { ...kept, exchange };
      const at = this.#rows.length + 1;
      this.#kept.set(at, copy);
      this.#rows.push({ seq: at, at: now(), branch: this.#branch, phase, kind: rowKind(copy) });
    }
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
    return detailOf(this.#rows[seq - 1]!, this.#kept.get(seq), secrets);
  }

  tokensSeen(): TokenSeen[] {
    return tokensIn(this.#kept);
  }

  follow(value: string): Followed {
    return followedIn(this.#kept, value);
  }

  /** Under the client's own name where another client is observed. */
  #participants(): Participant[] {
    const { participants } = this.#script;
    if (this.#status.is !== "observing") return participants;
    return participants.map((one) =>
      one.role === "client" ? { ...one, name: "Claude Code" } : one,
    );
  }

  #step(): ScriptStep | undefined {
    return this.#steps[this.#at];
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
      this.#rows.push({
        seq,
        at: now(),
        branch: this.#branch,
        phase: step.phase,
        kind: rowKind(sent),
      });
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
    this.#findings = inOrder(this.#findings);
    if (step.tokens) this.#tokens = step.tokens;
    if (step.phase === "registration" && !step.stops) this.#registered = 1;
    this.#at += 1;
    if (step.stops) {
      const { code, message, canGoOn } = step.stops;
      this.#status = { is: "stopped", code, message, can_go_on: canGoOn };
    } else if (step.done) this.#status = { is: "done", message: step.done };
    if (this.#status.is !== "ready") this.running = false;
  }

  #send(): void {
    const before = this.#told;
    const now = { rows: this.#rows.length, findings: this.#findings, view: this.#view() };
    this.#told = now;
    const update: Update = { document: this.#run, whole: before === null };
    const rows = this.#rows.slice(before?.rows ?? 0);
    const findings = findingsChange(before?.findings ?? [], now.findings);
    const view = viewChange(before?.view ?? null, now.view);
    if (rows.length > 0) update.rows = rows;
    if (before === null) update.participants = this.#participants();
    if (findings) update.findings = findings;
    if (Object.keys(view).length > 0) update.view = view;
    if (Object.keys(update).length > 2) this.#tell(update);
  }

  #origin(): string {
    return this.#status.is === "awaiting_callback"
      ? new URL(this.#status.authorization_url).origin
      : "";
  }

  get goesOn(): boolean {
    return this.running || !["ready", "stopped", "done", "ended"].includes(this.#status.is);
  }

  #view(): View {
    const past = this.#steps.slice(0, this.#at);
    const servers = past.findLast((step) => step.offers)?.offers ?? [];
    const stops = this.#status.is === "stopped" ? this.#steps[this.#at - 1]?.stops : undefined;
    const extra = MORE.filter(([phase]) => this.#rows.some((row) => row.phase === phase));
    return {
      server_url: this.#url,
      status: this.#status,
      verdict: verdictOf(this.#status, this.#findings, past.at(-1)?.phase ?? null),
      rules: rulesOf(this.#findings, ["done", "stopped", "ended"].includes(this.#status.is)),
      running: this.running,
      goes_on: this.goesOn,
      breakpoints: this.#breakpoints.map(breakpointView),
      at_breakpoint: this.#atBreakpoint && breakpointView(this.#atBreakpoint),
      phases: [...MAIN, ...extra].map(([phase, title]) => this.#phase(phase, title)),
      next: this.#next(),
      revision: past.some((step) => step.phase === "resource_metadata") ? "2025-11-25" : null,
      tokens: this.#tokens,
      vault: this.#vault,
      listening: this.#status.is === "awaiting_callback" ? "http://127.0.0.1:43117/callback" : null,
      page: this.#status.is === "awaiting_callback" ? this.#page : null,
      server: past.findLast((step) => step.server)?.server ?? null,
      authorization_servers: servers,
      issuer: this.#issuer ?? servers[0] ?? null,
      actions: this.#actions(),
      registrations: stops?.ways ?? [],
      registrations_left: this.#registered,
      can_step: this.#recording === null,
      recording: this.#recording,
      can_run_again: this.#recording === null || this.runsAgain,
      not_kept: this.notKept,
    };
  }

  #actions(): View["actions"] {
    if (this.#status.is !== "done") return [];
    return (this.#script.actions ?? []).filter((kind) => {
      if (kind === "reuse_rotated") return this.#rotated;
      return kind.endsWith("_registration") ? this.#registered > 0 : this.#tokens.length > 0;
    });
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
        : {
            method: "GET",
            url: first?.is === "browser" ? first.url : "",
            headers: [],
            body: nothing,
          };
    const request = this.#edited ?? prepared;
    return {
      phase,
      title,
      why,
      browser,
      secrets: [ACCESS, REFRESH, CODE, VERIFIER],
      request,
      edited: this.#edited !== null,
      guide: first ? guideOf(first) : null,
      meanings: meaningsOfRequest(request),
    };
  }

  #phase(phase: Phase, title: string): PhaseState {
    const about = phaseInASentence(phase);
    const exchanges = this.#rows.filter(
      (row) => row.phase === phase && row.kind.is === "exchange",
    ).length;
    const here = this.#steps.findIndex((step) => step.phase === phase);
    const last = this.#steps.findLastIndex((step) => step.phase === phase);
    const stoppedHere = this.#status.is === "stopped" && this.#steps[this.#at - 1]?.phase === phase;
    if (stoppedHere) return { phase, title, about, progress: "failed", exchanges };
    if (here < 0 && MORE.some(([more]) => more === phase))
      return { phase, title, about, progress: "passed", exchanges };
    if (here >= 0 && last < this.#at) return { phase, title, about, progress: "passed", exchanges };
    const active =
      this.#step()?.phase === phase && this.#status.is !== "ended" && this.#status.is !== "stopped";
    return { phase, title, about, progress: active ? "active" : "pending", exchanges };
  }
}
