// Several authorization servers, other ways to register, a device's code, what can be done with tokens, and calls of tools.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { closed, rewrite, selected, stands, start, status, visible } from "./browser.mjs";

let ui;
before(async () => (ui = await start()));
after(() => ui.close());

const said = (page) => page.find("status").innerText();

test("another of several authorization servers can be chosen, by mouse and by keyboard", async () => {
  const page = await ui.open("?fixture=servers&at=2");
  const line = page.find("authorization-server");
  assert.match(await line.innerText(), /login\.example\.dev[\s\S]*1 of 2/);
  await page.find("change-server").click();
  await page.find("server-2").click();
  await page.waitForFunction(() =>
    document.querySelector('[data-testid="authorization-server"]').innerText.includes("2 of 2"),
  );
  assert.match(await said(page), /second-choice-of-authorization-servers/);
  await page.keyboard.press("Enter");
  await visible(page.find("row-6"));
  assert.match(await page.find("row-5").innerText(), /by the user's choice/);
  await page.find("change-server").focus();
  await page.keyboard.press("Enter");
  await visible(page.find("server-1"));
  await page.keyboard.press("Home");
  await page.keyboard.press("Enter");
  await page.waitForFunction(() =>
    document.querySelector('[data-testid="authorization-server"]').innerText.includes("1 of 2"),
  );
  await closed(page);
});

test("one authorization server is not worth a line", async () => {
  const page = await ui.open("?fixture=healthy&at=3");
  assert.equal(await page.find("authorization-server").count(), 0);
  await closed(page);
});

test("after a rejected registration the other ways are offered, and one of them goes on", async () => {
  const page = await ui.open("?fixture=rejected&at=4");
  assert.equal(await status(page), "stopped");
  await visible(page.find("go-on"));
  assert.deepEqual(
    await page
      .locator('[data-testid^="way-"]')
      .evaluateAll((all) => all.map((one) => one.dataset.testid)),
    ["way-cimd", "way-preregistered"],
  );
  await page.find("way-preregistered").click();
  assert.ok(await page.find("way-send").isDisabled());
  await page.find("registration.client_id").fill("desk");
  await page.find("registration.client_secret").fill("hush");
  await page.shot("other-ways");
  await page.find("way-send").click();
  await stands(page, "ready");
  await visible(page.locator(".seen").getByText("Client desk, by the user's choice."));
  assert.equal(await page.find("other-ways").count(), 0);
  await closed(page);
});

test("a device's code is large, and the polls go on by themselves until it is entered", async () => {
  const page = await ui.open("?fixture=device&at=4");
  await page.keyboard.press("Enter");
  await stands(page, "awaiting_device");
  const code = page.find("user-code");
  assert.equal(await code.innerText(), "WDJB-MJHT");
  assert.ok(
    (await code.evaluate((element) => parseFloat(getComputedStyle(element).fontSize))) >= 20,
  );
  assert.match(await page.find("device-uri").innerText(), /\/device$/);
  assert.match(await page.find("device-left").innerText(), /^(10:00|9:5\d)$/);
  assert.match(await page.find("device-poll").innerText(), /^(0:0\d|now)$/);
  await visible(page.find("row-9").locator(".seen").getByText("authorization_pending"));
  await visible(page.find("row-10").locator(".seen").getByText("slow_down"));
  await stands(page, "ready");
  assert.equal(await page.find("device").count(), 0);
  await closed(page);
});

test("only what is possible can be asked for, and what comes of it is selected", async () => {
  const page = await ui.open("?fixture=healthy&at=end");
  await page.keyboard.press("a");
  await visible(page.find("act-refresh"));
  const disabled = (kind) => page.find(`act-${kind}`).getAttribute("aria-disabled");
  assert.equal(await disabled("refresh"), "false");
  assert.equal(await disabled("userinfo"), "true");
  assert.equal(await disabled("reuse_rotated"), "true");
  await page.find("act-rotate").click();
  await visible(page.find("row-16"));
  assert.equal(await selected(page), "row-16");
  assert.match(await said(page), /The refresh token was rotated/);
  await page.find("actions").click();
  assert.equal(await disabled("reuse_rotated"), "false");
  await page.keyboard.press("Escape");
  await closed(page);
});

test("the palette knows the actions that are possible", async () => {
  const page = await ui.open("?fixture=healthy&at=end");
  await page.keyboard.press("Control+k");
  await visible(page.find("palette-input"));
  await page.keyboard.type("userinfo");
  await visible(page.getByText("Nothing has these words."));
  await page.find("palette-input").fill("two refreshes");
  await page.keyboard.press("Enter");
  await visible(page.find("row-17"));
  assert.match(await page.find("row-17").innerText(), /invalid_grant/);
  await closed(page);
});

test("the tokens' card offers what can be tried with them, and the registration left behind", async () => {
  const page = await ui.open("?fixture=healthy&at=end");
  assert.match(await page.find("registrations-left").innerText(), /This run registered 1 client/);
  await page.keyboard.press("t");
  await page.find("token-introspect").click();
  await page.find("token-row").waitFor({ state: "detached" });
  await visible(page.find("row-16"));
  assert.match(await page.find("row-16").innerText(), /active/);
  await page.keyboard.press("t");
  assert.ok(await page.find("token-userinfo").isDisabled());
  assert.match(await page.find("registrations").innerText(), /This run registered 1 client/);
  await page.find("client-delete_registration").click();
  await page.find("confirm-yes").click();
  await visible(page.find("row-17"));
  assert.match(await page.find("row-17").innerText(), /DELETE[\s\S]*204/);
  assert.equal(await page.find("registrations-left").count(), 0);
  await closed(page);
});

test("a tool is called with a form of its schema, and its exchange is selected", async () => {
  const page = await ui.open("?fixture=tools&at=end");
  await page.keyboard.press("c");
  const fields = page.find("tool-field");
  await visible(fields.first());
  assert.equal(await fields.count(), 7);
  assert.equal(await fields.nth(1).inputValue(), "10");
  await page.find("tool-call").click();
  await visible(page.getByText("query: expected a value, got nothing"));
  await fields.first().fill("tides");
  await fields.nth(1).fill("99");
  await visible(page.getByText("limit: expected at most 50, got “99”"));
  await fields.nth(1).fill("5");
  await page.getByLabel("tags").fill("{}");
  await visible(page.getByText("tags: expected a JSON array, got “{}”"));
  await page.getByLabel("tags").fill('["sea"]');
  await page.choose("false");
  await page.shot("tool-form");
  await page.keyboard.press("Control+Enter");
  await page.find("tool-call").waitFor({ state: "detached" });
  await visible(page.find("row-16"));
  assert.equal(await selected(page), "row-16");
  await page.find("tab-request").click();
  const { params } = JSON.parse(
    await page.locator("[data-detail] pre, [data-detail] .cm-content").last().innerText(),
  );
  assert.deepEqual(params, {
    name: "search_documents",
    arguments: {
      query: "tides",
      limit: 5,
      order: "newest",
      archived: false,
      tags: ["sea"],
    },
  });
  await page.keyboard.press("c");
  await visible(fields.first());
  assert.equal(await fields.first().inputValue(), "tides");
  await closed(page);
});

test("arguments are written as JSON where a form cannot show them", async () => {
  const page = await ui.open("?fixture=tools&at=end");
  await page.find("call").click();
  await page.find("tool-1").click();
  await page.find("tool-field").first().fill("hello");
  await page.find("tool-json").check();
  const editor = page.locator("[role=dialog] .cm-content");
  await visible(editor);
  assert.match(await editor.innerText(), /"text": "hello"/);
  await rewrite(editor, '{"text":"hello","more":true}');
  await page.find("tool-json").uncheck();
  await visible(page.getByText("Sent as well: more"));
  await page.find("tool-json").check();
  await rewrite(editor, "[1]");
  await visible(page.getByText("arguments: expected a JSON object, got an array"));
  await page.find("tool-filter").fill("either");
  await page.find("tool-3").click();
  await visible(page.getByText("The schema uses oneOf for the whole"));
  assert.equal(await page.find("tool-json").count(), 0);
  await closed(page);
});

test("a hostile schema is text, cut, and nothing hangs", async () => {
  const page = await ui.open("?fixture=tools&at=end", {
    width: 900,
    height: 600,
  });
  await page.keyboard.press("c");
  await page.find("tool-5").click();
  await visible(
    page.locator("[role=dialog] h3", {
      hasText: "<img src=x onerror=alert(1)>",
    }),
  );
  assert.equal(await page.locator("img[src=x], [role=dialog] script").count(), 0);
  await page.getByLabel("constructor").fill("mine");
  const wide = await page
    .locator("#tool-call")
    .evaluate((form) => form.scrollWidth - form.clientWidth);
  assert.ok(wide <= 0, `${wide} px too wide`);
  await page.find("tool-call").click();
  await visible(page.find("row-16"));
  await closed(page);
});

test("an identity provider has a colour of its own, and a fetched document points at the client", async () => {
  const page = await ui.open("?fixture=enterprise&at=end");
  const colour = (name) =>
    page.evaluate(
      (words) =>
        [...document.querySelectorAll(".head")]
          .find((head) => head.innerText.includes(words))
          .style.getPropertyValue("--colour"),
      name,
    );
  assert.equal(await colour("Identity provider"), "var(--identity)");
  await page.keyboard.press("Home");
  await visible(page.find("row-7"));
  assert.match(
    await page.find("row-7").innerText(),
    /Authorization server to Authscope: GET \/client\.json/,
  );
  assert.equal(await page.find("row-7").locator(".out.to-left").count(), 1);
  await closed(page);
});
