import { describe, expect, it } from "vitest";

import type { NextStep } from "../host/bindings/NextStep";
import type { Participant } from "../host/bindings/Participant";
import type { Phase } from "../host/bindings/Phase";
import type { Row } from "../host/bindings/Row";
import { HEIGHTS, Stack, arrow, lanes, target } from "./layout";

const everything = () => true;

describe("Stack", () => {
  it("puts a band before each phase and rows right below one another", () => {
    const stack = stacked([row(1, "challenge"), row(2, "token"), row(3, "token")]);
    expect(stack.items.map((item) => item.is)).toEqual(["band", "row", "band", "row", "row"]);
    let y = 0;
    for (const item of stack.items) {
      expect(item.top).toBe(y);
      y += stack.heightOf(item);
    }
    expect(stack.height).toBe(y);
  });

  it("takes in new rows as if they had been there from the start", () => {
    const rows = Array.from({ length: 50 }, (_, at) => row(at + 1, at % 7 < 4 ? "token" : "mcp"));
    const grown = new Stack();
    for (let length = 1; length <= rows.length; length += 1)
      grown.update(rows, length, [], everything);
    expect(grown.items).toEqual(stacked(rows).items);
  });

  it("gives a branch that was given up a band of its own, and the rewind a row", () => {
    const rows = [
      row(1, "challenge"),
      row(2, "token"),
      row(3, "token"),
      rewound(4, 3),
      row(5, "token"),
    ];
    const stack = new Stack();
    stack.update(rows, rows.length, [{ to: 3, at: 4 }], everything);
    expect(stack.items.map((item) => [item.is, item.givenUpAt])).toEqual([
      ["band", null],
      ["row", null],
      ["band", null],
      ["row", null],
      ["band", 4],
      ["row", 4],
      ["row", null],
      ["band", null],
      ["row", null],
    ]);
  });

  it("leaves out what the filter hides, bands too", () => {
    const stack = new Stack();
    const rows = [row(1, "challenge"), row(2, "token"), row(3, "mcp")];
    stack.update(rows, 3, [], (shown) => shown.seq !== 2);
    expect(stack.items.map((item) => (item.is === "band" ? item.phase : item.row.seq))).toEqual([
      "challenge",
      1,
      "mcp",
      3,
    ]);
    expect([stack.itemOf(2), stack.positionOf(3), stack.count]).toEqual([undefined, 2, 2]);
  });

  it("finds the items of a window, those cut by its edges too", () => {
    const rows = Array.from({ length: 10_000 }, (_, at) => row(at + 1, "mcp"));
    const stack = stacked(rows);
    const [first, end] = stack.between(20_000, 20_600);
    const shown = stack.items.slice(first, end);
    expect(shown[0]!.top).toBeLessThanOrEqual(20_000);
    expect(shown.at(-1)!.top + HEIGHTS.comfortable.exchange).toBeGreaterThanOrEqual(20_600);
    expect(shown.length).toBeLessThan(18);
  });
});

describe("time", () => {
  const SECOND = 1_000_000;
  const at = (seq: number, begins: number, took: number): Row => {
    const one = row(seq, "mcp");
    return one.kind.is === "exchange"
      ? { ...one, at: begins, kind: { ...one.kind, duration: took } }
      : one;
  };

  it("is counted without pauses, and a pause is told where it ends", () => {
    const stack = stacked([
      at(1, 0, 2 * SECOND),
      at(2, 2 * SECOND + 500, SECOND),
      at(3, 60 * SECOND, SECOND),
    ]);
    const rows = stack.items.flatMap((item) => (item.is === "row" ? [item] : []));
    expect(rows.map(({ before }) => before)).toEqual([0, 2 * SECOND, 3 * SECOND]);
    expect(rows.map(({ pause }) => pause)).toEqual([null, null, 57 * SECOND - 500]);
    expect(stack.busy).toBe(4 * SECOND);
  });

  it("knows no pause before the first request, nor where requests overlap", () => {
    const stack = stacked([at(1, 90 * SECOND, 5 * SECOND), at(2, 91 * SECOND, SECOND)]);
    expect(stack.items.some((item) => item.is === "row" && item.pause !== null)).toBe(false);
  });
});

describe("folding", () => {
  const rows = [row(1, "challenge"), row(2, "token"), row(3, "token"), row(4, "mcp")];

  it("leaves the rows of a band out and says how many they are", () => {
    const stack = new Stack();
    stack.update(rows, 4, [], everything, HEIGHTS.compact, new Set([2]));
    const seen = stack.items.map((item) => (item.is === "band" ? item.folded : item.row.seq));
    expect(seen).toEqual([null, 1, 2, null, 4]);
    expect([stack.count, stack.itemOf(3), stack.bandOf(3)]).toEqual([2, undefined, 2]);
    const { band, exchange } = HEIGHTS.compact;
    expect(stack.height).toBe(3 * band + 2 * exchange);
  });

  it("takes in rows that come to a folded band", () => {
    const stack = new Stack();
    const folded = new Set([2]);
    stack.update(rows, 2, [], everything, HEIGHTS.compact, folded);
    stack.update(rows, 4, [], everything, HEIGHTS.compact, folded);
    expect(stack.items.find((item) => item.is === "band" && item.first === 2)).toMatchObject({
      folded: 2,
    });
  });

  it("names the bands of what was given up", () => {
    const stack = new Stack();
    stack.update(rows, 4, [{ to: 2, at: 4 }], everything);
    expect(stack.givenUp).toEqual([2]);
  });
});

describe("the target of the next request", () => {
  const everyone: Participant[] = [
    { id: 0, role: "client", origin: null, name: "Authscope" },
    { id: 1, role: "browser", origin: null, name: "Browser" },
    { id: 2, role: "mcp_server", origin: "https://mcp.example", name: "MCP server" },
  ];
  const next = (url: string, browser = false) => ({ request: { url }, browser }) as NextStep;

  it("is who lives at its origin, and the browser where that is opened", () => {
    expect(target(next("https://MCP.example:443/mcp?x"), everyone)).toBe(2);
    expect(target(next("https://as.example/authorize", true), everyone)).toBe(1);
  });

  it("is nobody where nobody lives there", () => {
    expect(target(next("https://as.example/token"), everyone)).toBeNull();
    expect(target(next("no url"), everyone)).toBeNull();
  });
});

describe("what is drawn", () => {
  const rows = Array.from({ length: 1_000 }, (_, at) => row(at + 1, "mcp"));
  const numbers = (stack: Stack, selected: number | null) =>
    stack
      .drawn(20_000, 20_100, selected)
      .map((item) => (item.is === "row" ? item.row.seq : item.phase));

  it("holds the selected row, wherever it is, in its order and once", () => {
    const stack = stacked(rows);
    const seen = numbers(stack, null);
    expect(numbers(stack, 1)).toEqual([1, ...seen]);
    expect(numbers(stack, 1_000)).toEqual([...seen, 1_000]);
    expect(numbers(stack, Number(seen[1]))).toEqual(seen);
  });

  it("leaves out a selected row that the filter hides", () => {
    const stack = new Stack();
    stack.update(rows, rows.length, [], (shown) => shown.seq !== 1);
    expect(numbers(stack, 1)).toEqual(numbers(stack, null));
  });
});

describe("lanes", () => {
  it("fills the width there is", () => {
    const { x, width } = lanes(people(4), 900);
    expect(width).toBe(900);
    expect([...x.values()].every((at) => at > 0 && at < 900)).toBe(true);
  });

  it("grows wider than that when there are many", () => {
    expect(lanes(people(9), 900).width).toBeGreaterThan(900);
  });
});

it("knows which way an arrow points", () => {
  expect(arrow(300, 100)).toEqual({ left: 100, right: 300, toRight: false });
});

function stacked(rows: Row[]): Stack {
  const stack = new Stack();
  stack.update(rows, rows.length, [], everything);
  return stack;
}

function row(seq: number, phase: Phase): Row {
  const kind: Row["kind"] = {
    is: "exchange",
    from: 0,
    to: 2,
    method: "GET",
    path: "/",
    label: "",
    status: 200,
    failure: null,
    verdict: null,
    duration: 1,
    edited: false,
    answer_edited: false,
  };
  return { seq, at: 0, branch: 0, phase, kind };
}

function rewound(seq: number, to: number): Row {
  return { seq, at: 0, branch: 1, phase: "token", kind: { is: "rewound", to } };
}

function people(count: number): Participant[] {
  return Array.from({ length: count }, (_, id) => ({
    id,
    role: "other",
    origin: null,
    name: "Other",
  }));
}
