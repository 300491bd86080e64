// The options of the start screen: each group can be set, says so in one line, and says what is wrong with it.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { closed, stands, start, visible } from "./browser.mjs";

let ui;
before(async () => (ui = await start()));
after(() => ui.close());

test("the common case shows five groups, and all of them are one press away", async () => {
  const page = await ui.open("?fixture=healthy", { width: 900, height: 600 });
  assert.equal(await page.locator('[data-testid^="option-"]').count(), 5);
  await page.find("options-all").click();
  assert.equal(await page.locator('[data-testid^="fold-"]').count(), 11);
  assert.equal(await page.locator('[data-testid^="fold-"][aria-expanded=true]').count(), 0);
  await page.shot("options-all");
  await page.find("options-done").click();
  await page.find("fold-grant").waitFor({ state: "detached" });
  await closed(page);
});

test("what differs is in sight when the options are closed, and reaches the run", async () => {
  const page = await ui.open("?fixture=healthy");
  await page.find("options-all").click();
  await page.find("fold-registration").click();
  await page.choose(/Client metadata document/);
  await page.find("client_metadata.url").fill("https://client.example.dev/metadata.json");
  await page.find("fold-grant").click();
  await page.choose(/Device/);
  await page.find("fold-authorization").click();
  await page.find("authorization.parameters.add-prompt").click();
  await page.find("authorization.parameters.value").fill("consent");
  await page.find("authorization.par").check();
  await page.find("fold-resource").click();
  await page.choose(/Off/);
  await page.find("fold-tokens").click();
  await page.find("dpop").check();
  await page.find("options-done").click();
  const told = {
    registration: /https:\/\/client\.example\.dev/,
    grant: /device/,
    authorization: /prompt, pushed/,
    resource: /off/,
    tokens: /DPoP/,
  };
  for (const [group, words] of Object.entries(told)) {
    assert.match(await page.find(`option-${group}`).innerText(), words);
  }
  assert.equal(await page.find("option-problems").count(), 0);
  await page.find("start-step").click();
  await stands(page, "ready");
  await page.find("home").click();
  assert.match(await page.find("option-tokens").innerText(), /DPoP/);
  await page.find("option-authorization").click();
  assert.equal(await page.find("authorization.parameters.value").inputValue(), "consent");
  await closed(page);
});

test("a wrong value is named with what is expected and what is there", async () => {
  const page = await ui.open("?fixture=healthy");
  await page.find("options-all").click();
  await page.find("fold-authorization").click();
  await page.find("authorization.authorization_details").fill('{"type":"payment"}');
  await visible(page.getByText("Expected a JSON array, got an object."));
  await page.find("fold-grant").click();
  await page.choose(/JWT bearer/);
  assert.equal(await page.getByText("got nothing").count(), 0);
  await page.find("grant.assertion").fill("no JWT");
  await visible(page.getByText("got “no JWT”"));
  await page.find("options-done").click();
  const said = await page.find("option-problems").innerText();
  assert.match(said, /Grant, Assertion: Expected a JWT/);
  assert.match(said, /Authorization, authorization_details: Expected a JSON array, got an object/);
  await page.getByRole("button", { name: /Grant, Assertion/ }).click();
  await page.find("grant.assertion").fill("aa.bb.cc");
  assert.equal(await page.getByText("Expected a JWT").count(), 0);
  await page.shot("options-problem");
  await closed(page);
});

test("a pre-registered client may have a private key, and keeps what was typed", async () => {
  const page = await ui.open("?fixture=healthy");
  await page.find("option-registration").click();
  await page.choose(/Pre-registered/);
  await page.find("registration.client_id").fill("desk");
  await page.find("registration.private_key_file").fill("/home/ada/key.pem");
  await page.find("registration.alg").fill("ES256");
  await page.choose(/Dynamic/);
  await page.choose(/Pre-registered/);
  assert.equal(await page.find("registration.private_key_file").inputValue(), "/home/ada/key.pem");
  await page.find("options-done").click();
  assert.match(await page.find("option-registration").innerText(), /desk, private key/);
  await closed(page);
});
