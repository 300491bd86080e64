import { describe, expect, it } from "vitest";

import { MASK, Mask } from "./mask";

describe("Mask", () => {
  const mask = new Mask(["s3cret/value+1", "short", "a.b*c(d"]);

  it("hides a secret wherever it stands, in each way it can be written", () => {
    expect(mask.text('{"token":"s3cret/value+1"}')).toBe(`{"token":"${MASK}"}`);
    expect(mask.text('{"token":"s3cret\\/value+1"}')).toBe(`{"token":"${MASK}"}`);
    expect(mask.text("code=s3cret%2Fvalue%2B1&x=1")).toBe(`code=${MASK}&x=1`);
    expect(mask.text("a.b*c(d")).toBe(MASK);
  });

  it("hides a short secret only where it is a whole value", () => {
    expect(mask.text("in short")).toBe("in short");
    expect(mask.text("a=short&b=shorts")).toBe(`a=${MASK}&b=shorts`);
    expect(mask.text('{"password":"short"}')).toBe(`{"password":"${MASK}"}`);
  });

  it("hides signed tokens nobody named", () => {
    const token = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl";
    expect(mask.text(`{"id_token":"${token}"}`)).toBe(`{"id_token":"${MASK}"}`);
  });

  it("hides credentials in headers, and keeps their scheme", () => {
    expect(mask.header("Authorization", "Bearer opaque")).toBe(`Bearer ${MASK}`);
    expect(mask.header("cookie", "sid=1")).toBe(MASK);
    expect(mask.header("accept", "application/json")).toBe("application/json");
  });
});
