import type { Detail } from "./bindings/Detail";
import type { LabScenario } from "./bindings/LabScenario";
import type { Update } from "./bindings/Update";
import type { Host } from "./host";

/** A run of the lab, as `tests/lab_runs.rs` writes it: all that the program tells of it. */
export interface RecordedRun {
  scenario: LabScenario;
  update: Update;
  details: Detail[];
}

declare global {
  interface Window {
    /** Shows a run at its end, in a document of its own. */
    showRun?: (run: RecordedRun) => void;
  }
}

/** Shows recorded runs, one after the other, as the page asks for them; for tests only. */
export function recordedHost(rest: Host): Host {
  let shown: RecordedRun | null = null;
  let document = 0;
  return {
    ...rest,
    subscribe: async (onUpdates) => {
      window.showRun = (run) => {
        shown = run;
        document += 1;
        onUpdates([{ ...run.update, document, whole: true }]);
      };
    },
    detail: async (seq) => {
      const found = shown?.details.find(({ entry }) => entry.seq === seq);
      if (!found) throw new Error(`row: expected the number of a row, got ${seq}`);
      return found;
    },
  };
}
