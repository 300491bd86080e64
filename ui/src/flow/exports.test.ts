import { expect, it } from "vitest";

import { boot } from "../host/fixtures/boot";
import { groupsOf, suggestedName, withExtension } from "./exports";

it("offers bug reports to those alone who have to act", () => {
  const { formats } = boot();
  const titles = (groups: ReturnType<typeof groupsOf>) => groups.map(({ title }) => title);
  expect(titles(groupsOf(formats, new Set()))).toEqual(["Recording", "Report", "Diagram"]);
  const groups = groupsOf(formats, new Set(["client", "nobody"] as const));
  const reports = groups.find(({ title }) => title === "Bug report");
  expect(reports?.formats.map(({ id }) => id)).toEqual(["report-client"]);
});

it("suggests a name that tells server and time, whatever the URL is", () => {
  const at = new Date(2026, 10, 1, 4, 5);
  expect(suggestedName("http://127.0.0.1:41207/mcp", at, "har")).toBe(
    "authscope-127.0.0.1-41207-20261101-0405.har",
  );
  expect(suggestedName("../../etc", at, "txt")).toBe("authscope-run-20261101-0405.txt");
});

it("follows the format with the extension, and leaves another one alone", () => {
  expect(withExtension("/a/run.har", "har", "txt")).toBe("/a/run.txt");
  expect(withExtension("/a/run.json", "har", "txt")).toBe("/a/run.json");
  expect(withExtension("/a.har/run", "har", "txt")).toBe("/a.har/run");
});
