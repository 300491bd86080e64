import type { App } from "../app.svelte";
import { commandsOf } from "../commands";
import { nameOf } from "../start/labGroups";
import { wordsOf } from "../trace/filter";

/** Something the palette leads to. */
export interface Entry {
  id: string;
  group: string;
  title: string;
  /** What stands beside it, smaller. */
  more?: string;
  keys?: string | undefined;
  do: () => unknown;
}

/** How many of each group are shown at most: typing more narrows them down. */
const MOST = 8;

/** What fits the words, in the order of the groups; without words, what can be done now. */
export function entriesOf(app: App, text: string): Entry[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const fits = ({ title, more, group }: Entry) => {
    const whole = `${group} ${title} ${more ?? ""}`.toLowerCase();
    return words.every((word) => whole.includes(word));
  };
  const commands = commandEntries(app).filter(fits);
  if (words.length === 0) return commands;
  const groups = [findings(app), rows(app, words), scenarios(app), options(app), documents(app)];
  return [...commands, ...groups.flatMap((group) => group.filter(fits).slice(0, MOST))];
}

function commandEntries(app: App): Entry[] {
  return commandsOf(app)
    .filter(({ id, when }) => id !== "palette" && (when?.(app) ?? true))
    .map(({ id, title, keys, on, do: run }) => ({
      id,
      group: "Do",
      title,
      ...(on && { more: on(app) ? "on" : "off" }),
      keys: keys[0],
      do: () => run(app),
    }));
}

function findings(app: App): Entry[] {
  if (app.screen !== "run") return [];
  return app.log.findings.map((finding, at) => ({
    id: `finding ${at}`,
    group: "Finding",
    title: finding.title,
    more: finding.code,
    do: () => app.showFinding(finding),
  }));
}

/** Read for the words at once: there may be very many. */
function rows(app: App, words: string[]): Entry[] {
  if (app.screen !== "run") return [];
  const found: Entry[] = [];
  for (const row of app.log.rows) {
    const title = wordsOf(row);
    const whole = `row ${title}`.toLowerCase();
    if (!words.every((word) => whole.includes(word))) continue;
    found.push({ id: `row ${row.seq}`, group: "Row", title, do: () => app.show(row.seq) });
    if (found.length === MOST) break;
  }
  return found;
}

function scenarios(app: App): Entry[] {
  return (app.boot?.lab ?? []).map((scenario) => ({
    id: `lab ${scenario.slug}`,
    group: "Lab",
    title: nameOf(scenario),
    more: [scenario.code, scenario.sentence].filter(Boolean).join(" "),
    do: () =>
      app.do(async () => {
        app.lastLab = scenario.slug;
        await app.start(app.boot!.settings.options, scenario.slug, true);
      }),
  }));
}

function options(app: App): Entry[] {
  const tables = app.boot?.tables;
  if (!tables) return [];
  return tables.options
    .filter(({ listed }) => listed)
    .map(({ id, title, group }) => ({
      id: `option ${id}`,
      group: "Option",
      title,
      more: tables.groups.find((info) => info.group === group)?.title ?? "",
      do: async () => {
        if (app.screen !== "start") await app.toStart();
        app.wantedOptions = group;
      },
    }));
}

function documents(app: App): Entry[] {
  return app.runs.map(({ document, url, state, title }) => ({
    id: `run ${document}`,
    group: "Run",
    title: `${document}: ${url}`,
    more: `${state}: ${title}`,
    do: () => app.reopen(document),
  }));
}
