import { describe, expect, it } from "vitest";

import type { Finding } from "../host/bindings/Finding";
import type { Update } from "../host/bindings/Update";
import { boot } from "../host/fixtures/boot";
import { many } from "../host/fixtures/extremes";
import { noServerMetadata, secondWay } from "../host/fixtures/failures";
import type { Script } from "../host/fixtures/script";
import { Play } from "../host/play";
import { Log } from "./log.svelte";
import { EVERYTHING, Selection, showing } from "./selection.svelte";

describe("Log", () => {
  it("takes in rows as they come and forgets them at a new run", () => {
    const { log, play } = playing(noServerMetadata());
    play.step();
    play.step();
    expect(log.length).toBe(4);
    expect(log.row(3)?.seq).toBe(3);
    play.begin();
    expect([log.length, log.exchanges, log.findings]).toEqual([0, 0, []]);
  });

  it("counts findings by row and knows the worst", () => {
    const { log, play } = playing(noServerMetadata());
    for (let at = 0; at < 3; at += 1) play.step();
    expect(log.badges.get(6)).toEqual({ error: 1, warning: 0, note: 0 });
    expect(log.counts).toEqual({ error: 1, warning: 1, note: 0 });
    expect(log.answer.finding?.code).toBe("S01");
  });

  it("knows what a rewind gave up, and does not judge by it", () => {
    const { log, play } = playing(secondWay());
    for (let at = 0; at < 3; at += 1) play.step();
    play.rewind(5);
    expect([4, 5, 6, 7, 8].map((seq) => log.abandoned(seq))).toEqual([
      false,
      true,
      true,
      true,
      false,
    ]);
    log.receive([
      { document: log.document, whole: false, findings: { at: 0, removed: 1, added: [about(6)] } },
    ]);
    expect(log.findings.map((finding) => finding.exchange)).toEqual([6]);
    expect(log.present).toEqual([]);
    expect(log.answer.finding).toBeNull();
  });

  it("takes in what changed and keeps the rest", () => {
    const updates: Update[] = [];
    const { log, play } = playing(noServerMetadata(), (update) => updates.push(update));
    for (let at = 0; at < 3; at += 1) play.step();
    const before = log.view!;
    log.receive([{ document: log.document, whole: false, view: { running: true } }]);
    expect(log.view).toEqual({ ...before, running: true });
    expect(log.view!.phases).toBe(before.phases);
    // An update of a document that is not shown any more changes nothing.
    log.receive([{ document: log.document + 1, whole: false, view: { running: false } }]);
    expect(log.view!.running).toBe(true);
    // Only the first one holds everything.
    expect(updates.map((update) => update.whole)).toEqual([true, false, false, false]);
    expect(updates.slice(1).some((update) => update.view && "vault" in update.view)).toBe(false);
  });

  it("forgets everything when another document is shown", () => {
    const { log, play } = playing(noServerMetadata());
    for (let at = 0; at < 3; at += 1) play.step();
    const view = log.view!;
    log.receive([{ document: log.document + 1, whole: true, view }]);
    expect([log.length, log.exchanges, log.findings, log.participants]).toEqual([0, 0, [], []]);
  });

  it("stays quick with ten thousand rows", () => {
    const { log, play } = playing(many(10_000));
    // Time of the processor, which other programs on the machine do not use up.
    const before = process.cpuUsage();
    play.step();
    expect(log.length).toBe(10_000);
    expect(process.cpuUsage(before).user / 1_000).toBeLessThan(500);
  });
});

describe("Selection", () => {
  it("follows new answers until an earlier row is picked", () => {
    const { log, play, selection } = playing(noServerMetadata());
    play.step();
    selection.newest();
    expect(selection.seq).toBe(1);
    play.step();
    selection.pick(1);
    play.step();
    selection.newest();
    expect(selection.seq).toBe(1);
    selection.last();
    expect(selection.seq).toBe(log.length);
  });

  it("moves over what the filter shows", () => {
    const { play, selection } = playing(noServerMetadata());
    for (let at = 0; at < 3; at += 1) play.step();
    selection.filter = { ...EVERYTHING, decisions: false, movedOn: false };
    selection.first();
    selection.move(1);
    selection.move(1);
    expect(selection.seq).toBe(6);
    selection.move(1);
    expect(selection.seq).toBe(6);
  });

  it("filters by the words of a row", () => {
    const { log, play } = playing(noServerMetadata());
    for (let at = 0; at < 3; at += 1) play.step();
    const found = (text: string) =>
      log.rows.filter(showing({ ...EVERYTHING, text }, log)).map((row) => row.seq);
    expect(found("openid")).toEqual([6]);
    expect(found("401")).toEqual([1]);
    expect(found("NOT HERE")).toEqual([5]);
  });
});

function playing(
  script: Script,
  see: (update: Update) => void = () => {},
): { log: Log; play: Play; selection: Selection } {
  const log = new Log();
  const play = new Play(script, boot().vault, (update) => {
    see(update);
    log.receive([update]);
  });
  play.begin();
  return { log, play, selection: new Selection(log) };
}

function about(exchange: number): Finding {
  return {
    code: "X01",
    rule: "anything",
    level: "error",
    certainty: "certain",
    owner: "nobody",
    exchange,
    part: null,
    title: "",
    message: "",
    expected: null,
    actual: null,
    fix: "",
    spec: { title: "", url: "", quote: "" },
  };
}
