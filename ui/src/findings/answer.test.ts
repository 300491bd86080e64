import { describe, expect, it } from "vitest";

import type { Finding } from "../host/bindings/Finding";
import type { View } from "../host/bindings/View";
import { answerOf, canBeFixed } from "./answer";

const ended = { ending: "ended", text: "", phase: null, exchange: null, cause: null };

function view(more: object): View {
  return {
    status: { is: "ended", message: "" },
    verdict: ended,
    recording: null,
    phases: [],
    ...more,
  } as unknown as View;
}

describe("what is said of a run", () => {
  it("blames nobody here for the end of a recording", () => {
    expect(answerOf(view({}), [], 3).state).toBe("Ended by you");
    expect(answerOf(view({ recording: {} }), [], 3).state).toBe("End of the recording");
  });

  it("asks whether it is fixed only where somebody can", () => {
    const found = (owner: string) => {
      const finding = { code: "A30", exchange: 1, level: "note", owner } as Finding;
      const cause = { code: "A30", exchange: 1 };
      return answerOf(view({ verdict: { ...ended, ending: "stopped", cause } }), [finding], 3);
    };
    // A stop that nobody has to mend is no error: its sign is that of the finding.
    expect(found("nobody").sign).toBe("note");
    expect(canBeFixed(found("mcp_server"))).toBe(true);
    expect(canBeFixed(found("nobody"))).toBe(false);
    expect(canBeFixed(answerOf(view({}), [], 3))).toBe(false);
  });
});
