import { expect, it } from "vitest";

import { difference } from "./difference";

it("marks what is too much, too little or other", () => {
  expect(difference("https://as.example", "https://as.example/")).toEqual([
    { head: "https://as.example", differs: "", tail: "" },
    { head: "https://as.example", differs: "/", tail: "" },
  ]);
  expect(difference("http://a.example/mcp", "https://a.example/mcp")?.[1]).toEqual({
    head: "http",
    differs: "s",
    tail: "://a.example/mcp",
  });
  expect(difference("aba", "ababa")?.map(({ differs }) => differs)).toEqual(["", "ba"]);
});

it("does not cut a character in two", () => {
  expect(difference("a😀z", "a😁z")?.[0]).toEqual({ head: "a", differs: "😀", tail: "z" });
});

it("marks nothing where there is little in common, or no difference", () => {
  expect(difference('200 with "issuer"', "404 not found")).toBeNull();
  expect(difference("same", "same")).toBeNull();
});
