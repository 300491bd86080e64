import type { Finding } from "./bindings/Finding";
import type { Level } from "./bindings/Level";
import type { Phase } from "./bindings/Phase";
import type { RunVerdict } from "./bindings/RunVerdict";
import type { Status } from "./bindings/Status";

const WORST_FIRST: Level[] = ["error", "warning", "note"];

/** The verdict that the real program would give on a fixture: in short, as the fake needs it. */
export function verdictOf(
  status: Status,
  findings: Finding[],
  phase: Phase | null,
): RunVerdict | null {
  const first = inOrder(findings)[0];
  const worst = first && first.level !== "note" ? first : null;
  const cause = worst && {
    code: worst.code,
    level: worst.level,
    certainty: worst.certainty,
    owner: worst.owner,
    owner_name: worst.owner_name ?? "",
    title: worst.title,
    fix: worst.fix,
    exchange: worst.exchange,
  };
  const exchange = worst?.exchange ?? null;
  const change = worst?.owner_name ? ` To change: ${worst.owner_name}.` : "";
  switch (status.is) {
    case "done": {
      const works = worst?.level !== "error";
      const short = status.message.split(":")[0]?.replace(/\.$/, "") ?? "";
      const text = works
        ? status.message
        : `${short}, but 1 error was found: ${worst?.title}.${change}`;
      return { ending: works ? "works" : "works_but", text, phase: null, exchange, cause };
    }
    case "stopped": {
      const why = (worst?.title ?? status.message).replace(/\.$/, "");
      return { ending: "stopped", text: `Stopped: ${why}.${change}`, phase, exchange, cause };
    }
    case "ended":
      return { ending: "ended", text: status.message, phase: null, exchange, cause };
    default:
      return null;
  }
}

/** About the order in which the real program tells findings: the worst first, what comes of one right below it. */
export function inOrder(findings: Finding[]): Finding[] {
  const isRoot = ({ cause }: Finding) => !findings.some(({ code }) => code === cause);
  const roots = WORST_FIRST.flatMap((level) =>
    findings.filter((one) => one.level === level && isRoot(one)),
  );
  return roots.flatMap((root) => [root, ...findings.filter(({ cause }) => cause === root.code)]);
}
