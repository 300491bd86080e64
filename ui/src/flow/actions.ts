import type { ActionGroup } from "../host/bindings/ActionGroup";
import type { ActionInfo } from "../host/bindings/ActionInfo";
import type { ActionKind } from "../host/bindings/ActionKind";
import type { Tables } from "../host/bindings/Tables";

/** What can be asked for with one click, in groups; which of them are possible the program says. */
export function groupsOf(
  tables: Tables,
): { group: ActionGroup; title: string; actions: ActionInfo[] }[] {
  return tables.action_groups.map(({ group, title }) => ({
    group,
    title,
    actions: tables.actions.filter((action) => action.group === group),
  }));
}

export function actionsOf(tables: Tables | undefined, ...kinds: ActionKind[]): ActionInfo[] {
  return tables?.actions.filter((action) => kinds.includes(action.kind)) ?? [];
}
