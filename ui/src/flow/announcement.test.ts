import { expect, it } from "vitest";

import { announcement } from "./announcement";

it("says the title alone where nothing follows", () => {
  expect(announcement("Ask for the tools", "")).toBe("Ask for the tools");
});

it("says one short sentence without addresses", () => {
  const more = "The issuer is https://as.example.dev/tenant/1?x=y here. It should be another.";
  expect(announcement("Stopped", more)).toBe("Stopped: The issuer is an address here.");
  const long = announcement("Stopped", "a lot ".repeat(100));
  expect(long.length).toBeLessThan(140);
  expect(long).toMatch(/…$/);
});

it("says what is wrong and what to change", () => {
  expect(announcement("Stopped", "No issuer.", "Set it to x. Then restart.")).toBe(
    "Stopped: No issuer. Set it to x.",
  );
});
