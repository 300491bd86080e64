// What is edited as rows of name and value or as text, in all sheets that edit a message.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { closed, rewrite, stands, start, visible } from "./browser.mjs";

let ui;
before(async () => (ui = await start()));
after(() => ui.close());

const group = (page, name) => page.getByRole("group", { name, exact: true });
const as = (page, part, mode) => group(page, part).getByText(mode, { exact: true }).click();
const value = (page, part, row) =>
  group(page, part).getByLabel(new RegExp(`^Value of \\w+ ${row}$`));
const name = (page, part, row) => group(page, part).getByLabel(new RegExp(`^Name of \\w+ ${row}$`));
const body = (page) => page.getByRole("dialog").locator(".cm-content");

/** The sheet for the token request, whose body is a form. */
async function tokenRequest() {
  const page = await ui.open("?fixture=healthy&at=5");
  await page.find("paste-callback").fill("http://127.0.0.1:43117/callback?code=1&state=2");
  await page.keyboard.press("Enter");
  await stands(page, "ready");
  // The field is gone, and with it the focus that would take the key.
  await page.find("edit").click();
  await visible(page.find("edit-url"));
  return page;
}

test("a form is edited as rows, and its text has all that the rows say", async () => {
  const page = await tokenRequest();
  await value(page, "Body", 1).fill("a b&c=d");
  await group(page, "Body").getByRole("button", { name: "Add a field" }).click();
  await as(page, "Body", "Text");
  await visible(body(page));
  const text = await body(page).innerText();
  assert.match(text, /^grant_type=a\+b%26c%3Dd&/);
  assert.match(text, /&=$/);
  await as(page, "Body", "Rows");
  assert.equal(await value(page, "Body", 1).inputValue(), "a b&c=d");
  await page.find("edit-send").click();
  await page.find("edit-url").waitFor({ state: "detached" });
  await page.locator("[id^=row-]", { hasText: "POST" }).last().click();
  await page.find("tab-request").click();
  await visible(page.locator("[data-detail]").getByText(/grant_type=a\+b%26c%3Dd/));
  await closed(page);
});

test("what cannot be rows stays text, and says why", async () => {
  const page = await tokenRequest();
  await as(page, "Body", "Text");
  await rewrite(body(page), "a=1&b=%zz&c&=&a=2");
  await visible(page.getByText("Text only: Number 2 of 5 is not valid percent-encoding of UTF-8."));
  await rewrite(body(page), "a=1&c&=&a=2");
  await as(page, "Body", "Rows");
  assert.equal(await value(page, "Body", 2).getAttribute("placeholder"), "no value");
  assert.equal(await value(page, "Body", 3).getAttribute("placeholder"), "empty");
  await as(page, "Body", "Text");
  assert.equal(await body(page).innerText(), "a=1&c&=&a=2");
  await closed(page);
});

test("the authorization URL opens as rows, in order, and what is not touched stays", async () => {
  const page = await ui.open("?fixture=healthy&at=4");
  await page.keyboard.press("e");
  await visible(page.find("edit-url"));
  assert.equal(await name(page, "URL", 1).inputValue(), "response_type");
  await as(page, "URL", "Text");
  const before = await page.find("edit-url").inputValue();
  await as(page, "URL", "Rows");
  await group(page, "URL").getByRole("button", { name: "Move response_type down" }).click();
  await name(page, "URL", 2).fill("response type");
  await group(page, "URL").getByRole("button", { name: "Remove client_id" }).click();
  await as(page, "URL", "Text");
  const after = await page.find("edit-url").inputValue();
  const [first, second, ...rest] = before.split("?")[1].split("&");
  assert.match(first, /^response_type=/);
  assert.match(second, /^client_id=/);
  assert.equal(
    after.split("?")[1],
    [first.replace("response_type", "response%20type"), ...rest].join("&"),
  );
  await closed(page);
});

test("headers are lines too; a line that is none keeps the request from leaving", async () => {
  const page = await ui.open("?fixture=healthy&at=1");
  await page.keyboard.press("e");
  await as(page, "Headers", "Text");
  const lines = page.find("edit-header-lines");
  await lines.fill("accept: a\naccept: b: c\nno colon");
  await visible(page.getByText("Text only: Line 3 has no colon after the name."));
  await page.find("edit-send").click();
  await visible(page.find("edit-url"));
  await lines.fill("accept: a\naccept: b: c\nx-empty:");
  await as(page, "Headers", "Rows");
  assert.equal(await value(page, "Headers", 2).inputValue(), "b: c");
  assert.equal(await name(page, "Headers", 3).inputValue(), "x-empty");
  assert.equal(await value(page, "Headers", 3).inputValue(), "");
  await closed(page);
});

test("JSON is edited member by member in a copy, and a value that is none is objected to", async () => {
  const page = await ui.open("?fixture=healthy&at=3");
  await page.find("row-1").click({ button: "right" });
  await page.find("row-resend").click();
  await visible(body(page));
  await rewrite(body(page), '{"a": 1, "a": [2, {"b": 3}], "c": 4.0}');
  await as(page, "Body", "Rows");
  assert.equal(await value(page, "Body", 2).inputValue(), '[2, {"b": 3}]');
  await value(page, "Body", 1).fill("yes");
  await visible(page.getByText("not JSON: a text needs quotation marks"));
  await value(page, "Body", 1).fill('"yes"');
  await page.getByText("not JSON").waitFor({ state: "detached" });
  await as(page, "Body", "Text");
  assert.equal(await body(page).innerText(), '{"a": "yes", "a": [2, {"b": 3}], "c": 4.0}');
  await page.find("resend-send").click();
  await visible(page.locator("[id^=row-]", { hasText: "copy of 1" }));
  await closed(page);
});
