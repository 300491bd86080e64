import type { LabScenario } from "../host/bindings/LabScenario";

/** Scenarios under one heading. */
export interface LabGroup {
  title: string;
  scenarios: LabScenario[];
  /** The set-ups of one identity provider. */
  isProvider: boolean;
}

/** The scenarios in which all of these words are, in any order. */
export function matching(scenarios: readonly LabScenario[], wanted: string): LabScenario[] {
  const words = wanted.trim().toLowerCase().split(/\s+/);
  return scenarios.filter(({ slug, code, group, title, sentence }) => {
    const text = `${slug} ${code ?? ""} ${group ?? ""} ${title} ${sentence}`.toLowerCase();
    return words.every((word) => text.includes(word));
  });
}

/** By where in the flow they go wrong, then by provider, in the program's order. */
export function groupsOf(scenarios: readonly LabScenario[]): LabGroup[] {
  const groups: LabGroup[] = [];
  for (const scenario of scenarios) {
    const title = scenario.group ?? "Nothing wrong";
    let group = groups.find((one) => one.title === title);
    if (!group) groups.push((group = { title, scenarios: [], isProvider: scenario.is_provider }));
    group.scenarios.push(scenario);
  }
  return groups;
}

/** What a scenario is called outside of its group. */
export function nameOf({ group, is_provider, title }: LabScenario): string {
  return is_provider ? `${group}: ${title}` : title;
}
