import { expect, it } from "vitest";

import { boot } from "../host/fixtures/boot";
import { groupsOf, matching, nameOf } from "./labGroups";

const { lab } = boot();

it("groups scenarios by phase, and providers after them", () => {
  const groups = groupsOf(lab);
  expect(groups[0]?.title).toBe("Nothing wrong");
  expect(groups.map(({ isProvider }) => isProvider)).toEqual(
    groups.map(({ isProvider }) => isProvider).toSorted(),
  );
  expect(groups.flatMap(({ scenarios }) => scenarios)).toHaveLength(lab.length);
});

it("finds by any words of the card, the code and the group", () => {
  const slugs = (wanted: string) => matching(lab, wanted).map(({ slug }) => slug);
  expect(slugs("auth0 api")).toEqual(["auth0/no_api"]);
  expect(slugs("r13")).toEqual(["iss_missing"]);
  expect(slugs("nothing like it")).toEqual([]);
  expect(slugs("")).toHaveLength(lab.length);
});

it("names a provider's set-up with its provider", () => {
  const setup = lab.find(({ slug }) => slug === "auth0/no_api")!;
  expect(nameOf(setup)).toBe("Auth0: No API for the server");
});
