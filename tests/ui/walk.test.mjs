// The whole way through the window in the fake, by keyboard and by mouse.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { closed, selected, stands, start, status, visible } from "./browser.mjs";

let ui;
before(async () => (ui = await start()));
after(() => ui.close());

test("from the first start to an exported file, by keyboard alone", async () => {
  const page = await ui.open("?fixture=first");
  assert.equal(await page.find("lab-card-healthy").getAttribute("aria-pressed"), "true");
  await page.shot("walk-1-start");
  // Enter would run to the end; stepping through is the button after the field.
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await stands(page, "ready");
  for (const row of [1, 3, 5, 6]) {
    await page.keyboard.press("Enter");
    await visible(page.find(`row-${row}`));
  }
  assert.equal(await selected(page), "row-6");
  await page.keyboard.press("Enter");
  await stands(page, "awaiting_callback");
  await page.shot("walk-2-awaiting");
  await page.find("paste-callback").focus();
  await page.keyboard.type("no url");
  await page.keyboard.press("Enter");
  await visible(page.getByText("is not a URL"));
  assert.equal(await page.find("paste-callback").inputValue(), "no url");
  await page.find("paste-callback").fill("http://127.0.0.1:43117/callback?code=1&state=2");
  await page.keyboard.press("Enter");
  await stands(page, "ready");
  await page.keyboard.press("Shift+Enter");
  await stands(page, "done");
  await page.shot("walk-3-done");

  await page.keyboard.press("Home");
  assert.equal(await selected(page), "row-1");
  await page.keyboard.press("j");
  await page.keyboard.press("ArrowDown");
  assert.equal(await selected(page), "row-3");
  await page.keyboard.press("4");
  assert.equal(await page.find("tab-decoded").getAttribute("data-state"), "active");

  await page.keyboard.press("x");
  await visible(page.find("export-path"));
  const path = await page.find("export-path").inputValue();
  assert.match(path, /^\/home\/ada\/Documents\/authscope-127\.0\.0\.1-41207-\d{8}-\d{4}\.har$/);
  await page.find("export-path").focus();
  await page.keyboard.press("Enter");
  await visible(page.find("export-done"));
  await page.shot("walk-4-exported");
  await page.keyboard.press("Escape");
  await page.find("export-path").waitFor({ state: "detached" });
  await closed(page);
});

test("the command palette does what its line says", async () => {
  const page = await ui.open("?fixture=healthy&at=3");
  await page.keyboard.press("Control+k");
  await visible(page.find("palette-input"));
  await page.keyboard.type("edit the");
  await page.keyboard.press("Enter");
  await visible(page.find("edit-url"));
  await page.shot("edit");
  await closed(page);
});

test("a typed URL survives a refusal, which names what is wrong", async () => {
  const page = await ui.open("?fixture=healthy");
  await page.find("start-url").fill("mcp.example/mcp");
  await page.keyboard.press("Enter");
  await visible(page.find("start-problem"));
  assert.match(
    await page.find("start-problem").innerText(),
    /The server URL "mcp.example\/mcp" is not a URL/,
  );
  assert.equal(await page.find("start-url").inputValue(), "mcp.example/mcp");
  await page.shot("start-problem");
  await page.find("start-url").fill("https://mcp.example.dev/mcp");
  assert.equal(await page.find("start-problem").count(), 0);
  await page.find("start-step").click();
  await stands(page, "ready");
  await page.keyboard.press("n");
  assert.equal(await page.find("start-url").inputValue(), "https://mcp.example.dev/mcp");
  await closed(page);
});

test("every scenario of the lab can be found and started", async () => {
  const page = await ui.open("?fixture=healthy");
  assert.equal(await page.locator('[data-testid^="lab-card-"]').count(), 6);
  await page.find("lab-all").click();
  assert.equal(await page.locator('[data-testid^="lab-card-"]').count(), 17);
  assert.deepEqual(
    await page
      .locator("main h3")
      .allInnerTexts()
      .then((all) => all.slice(-2)),
    ["Token 1", "Identity providers"],
  );
  await page.shot("lab-all");
  await page.find("lab-filter").fill("auth0 api");
  assert.equal(await page.locator('[data-testid^="lab-card-"]').count(), 1);
  await page.find("lab-filter").fill("pkce");
  await page.find("lab-card-pkce_not_advertised").click();
  await page.find("start-run").click();
  await stands(page, "awaiting_callback");
  await closed(page);
});

test("the options reach the run and stay when the start screen comes back", async () => {
  const page = await ui.open("?fixture=healthy");
  await page.find("option-registration").click();
  await page.choose(/Pre-registered/);
  await page.find("registration.client_id").fill("my-client");
  await page.keyboard.press("Escape");
  await page.find("option-callback").click();
  await page.choose("localhost");
  await page.find("callback.port").fill("8123");
  await page.keyboard.press("Escape");
  assert.match(await page.find("option-callback").innerText(), /localhost, port 8123/);
  await page.find("start-step").click();
  await stands(page, "ready");
  await page.find("home").click();
  assert.match(await page.find("option-registration").innerText(), /my-client/);
  assert.match(await page.find("option-callback").innerText(), /localhost, port 8123/);
  await closed(page);
});

test("a request is edited, sent as edited, and marked", async () => {
  const page = await ui.open("?fixture=healthy&at=1");
  await page.keyboard.press("e");
  await page.find("edit-method").fill("POST");
  await page.find("edit-add-header").click();
  await page.getByLabel("Name of header 4").fill("x-try");
  await page.getByLabel("Value of header 4").fill("1");
  await page.find("edit-use").click();
  await page.find("edit-url").waitFor({ state: "detached" });
  assert.match(await page.find("status").innerText(), /edited/);
  await page.keyboard.press("Enter");
  await visible(page.find("row-3"));
  assert.match(await page.find("row-3").innerText(), /POST[\s\S]*edited/);
  await page.find("tab-request").click();
  await visible(page.getByText("x-try"));
  await closed(page);
});

test("a rewind gives rows up, and the other way is drawn below", async () => {
  const page = await ui.open("?fixture=healthy&at=4");
  await page.find("row-5").click();
  await page.keyboard.press("r");
  await visible(page.find("row-8"));
  assert.match(await page.find("row-8").innerText(), /Rewound to 5/);
  assert.match(await page.find("row-6").innerText(), /given up by the rewind at 8/);
  await page.keyboard.press("Enter");
  await visible(page.find("row-9"));
  assert.match(await page.find("row-9").innerText(), /oauth-authorization-server/);
  await page.shot("rewound");
  await closed(page);
});

test("a strict stop can be overruled, and only there", async () => {
  const page = await ui.open("?fixture=goon&at=3");
  assert.equal(await status(page), "stopped");
  await page.find("go-on").click();
  await stands(page, "ready");
  assert.equal(await page.find("go-on").count(), 0);
  const other = await ui.open("?fixture=s01&at=3");
  assert.equal(await status(other), "stopped");
  assert.equal(await other.find("go-on").count(), 0);
  await closed(other);
  await closed(page);
});

test("a run ended while the browser is away says what was waited for", async () => {
  const page = await ui.open("?fixture=healthy&at=5");
  assert.equal(await status(page), "awaiting_callback");
  await page.find("stop").click();
  await stands(page, "ended");
  await visible(page.getByLabel("Verdict").getByText(/Ended by the user while the browser was at/));
  await page.find("tab-findings").click();
  assert.equal(await page.getByText("Nothing was found wrong").count(), 0);
  await visible(page.getByText(/No rule has found a fault\. Ended by the user while the browser/));
  await closed(page);
});

test("a browser that stays away is watched on demand", async () => {
  const page = await ui.open("?fixture=awaiting");
  await visible(page.getByText("What does your browser show?"));
  const before = await page.locator('[id^="row-"]').count();
  await page.find("watch-browser").click();
  await visible(page.find("watched"));
  assert.equal(await page.find("watch-browser").count(), 0);
  assert.equal(await page.getByText("What does your browser show?").count(), 0);
  assert.equal(await page.locator('[id^="row-"]').count(), before + 2);
  assert.equal(await status(page), "awaiting_callback");
  await closed(page);
});

test("what a watched browser asks for is drawn, the provider behind as a party of its own", async () => {
  const page = await ui.open("?fixture=watched&at=end");
  assert.match(await page.find("diagram").innerText(), /Identity provider/i);
  const login = page.locator('[id^="row-"]', { hasText: "/oauth/authorize" });
  await login.click();
  await page
    .locator('[id^="row-"]', { hasText: "POST" })
    .filter({ hasText: "/login" })
    .first()
    .click();
  await page.find("tab-request").click();
  await visible(page.getByText("not-recorded").first());
  const sent = page.locator('[id^="row-"]', { hasText: "OPEN" });
  assert.match(await sent.innerText(), /watched/);
  await sent.click();
  await visible(page.getByText(/What is typed as a password is not kept/));
  await closed(page);
});

test("a past run of this process opens again as it was left", async () => {
  const page = await ui.open("?fixture=healthy");
  await page.find("start-step").click();
  await stands(page, "ready");
  await page.keyboard.press("Enter");
  await visible(page.find("row-1"));
  await page.keyboard.press("n");
  await page
    .getByTitle(/^Open this run of/)
    .first()
    .click();
  await stands(page, "ready");
  await visible(page.find("row-1"));
  await closed(page);
});

test("a finding is shown where it is, and leads there", async () => {
  const page = await ui.open("?fixture=s01&at=end");
  await page.find("row-1").click();
  await page.find("findings-count").click();
  await visible(page.find("finding-S01"));
  await page.shot("findings");
  await page.choose(/Warnings/);
  assert.equal(await page.find("finding-S01").count(), 0);
  await page.choose(/^All/);
  await page.find("finding-S01").getByRole("button", { name: "#6" }).click();
  assert.equal(await selected(page), "row-6");
  await closed(page);
});

test("what became of every rule is told when the run is over, with counts", async () => {
  const page = await ui.open("?fixture=s01&at=2");
  await page.find("tab-checks").click();
  await visible(page.getByText("is told when the run is over"));
  await closed(page);

  const over = await ui.open("?fixture=s01&at=end");
  await over.find("tab-checks").click();
  assert.match(await over.find("rules-failed").innerText(), /Failed\s+2\b[^]*S01/);
  // What matters is open, the rest is a click away.
  const passed = over.find("rules-passed");
  assert.equal(await passed.getAttribute("open"), null);
  await passed.locator("summary").click();
  assert.match(await passed.innerText(), /Passed\s+\d+[^]*N01[^]*Looked at requests/);
  await over.shot("checks");
  await passed.getByRole("button", { name: "#2" }).first().click();
  assert.equal(await selected(over), "row-2");
  await closed(over);
});

test("secrets are masked until they are asked for", async () => {
  const page = await ui.open("?fixture=healthy&at=end");
  const text = () => page.locator("[data-detail]").innerText();
  await page.find("row-10").click();
  for (const tab of ["request", "response", "decoded"]) {
    await page.find(`tab-${tab}`).click();
    assert.doesNotMatch(await text(), /eyJhbGci|rt_8Jf2|dBjftJeZ4CVP|ac_Vb3n/, tab);
  }
  await page.find("tab-response").click();
  await page.find("reveal").click();
  assert.match(await text(), /eyJhbGci/);
  await page.find("row-12").click();
  await page.find("tab-request").click();
  assert.doesNotMatch(await text(), /eyJhbGci/);
  await page.find("tab-curl").click();
  assert.match(await text(), /\$ACCESS_TOKEN/);
  await page.getByRole("button", { name: "With secrets" }).click();
  await visible(page.getByText("whoever has this can do what you can"));
  await closed(page);
});

test("tokens are masked, revealed on request, count down and can be deleted", async () => {
  const page = await ui.open("?fixture=healthy&at=end");
  await page.find("tokens-open").click();
  await visible(page.find("token-row"));
  assert.doesNotMatch(await page.find("token-row").innerText(), /eyJhbGciOi/);
  assert.match(await page.find("token-row").innerText(), /good for 5[89]:\d\d/);
  await page.find("token-reveal").click();
  await visible(page.getByText("eyJhbGciOiJFUzI1NiIs"));
  await page.shot("tokens");
  await page.find("token-delete").click();
  assert.match(await page.getByRole("dialog").last().innerText(), /has to log in again/);
  await page.find("confirm-no").click();
  assert.equal(await page.find("token-row").count(), 1);
  await page.find("token-delete").click();
  await page.find("confirm-yes").click();
  await page.find("token-row").waitFor({ state: "detached" });
  await closed(page);
});

test("the program is told of what is copied, by a button and by the keys", async () => {
  const page = await ui.open("?fixture=healthy&at=end");
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  const told = () => page.evaluate(() => document.documentElement.dataset.copied);
  await page.find("tokens-open").click();
  await page.find("token-copy").click();
  await visible(page.getByText("The access token is on the clipboard"));
  const token = await page.evaluate(() => navigator.clipboard.readText());
  assert.match(token, /^eyJ/);
  assert.equal(await told(), token);
  await page.keyboard.press("Escape");
  await page.evaluate(() => getSelection().selectAllChildren(document.querySelector("#row-12")));
  await page.keyboard.press("ControlOrMeta+c");
  assert.equal(await told(), await page.evaluate(() => navigator.clipboard.readText()));
  await closed(page);
});

test("what is refused is said, and nothing is lost", async () => {
  const page = await ui.open("?fixture=errors&at=2");
  await page.keyboard.press("Enter");
  await visible(page.find("message"));
  assert.match(await page.find("message").innerText(), /disk is full[\s\S]*Make room/);
  assert.equal(await page.find("exchanges").innerText(), "2 exchanges");
  await page.keyboard.press("x");
  await page.find("export-path").fill("relative.har");
  await page.find("export-save").click();
  await visible(page.getByText("✕ The disk is full"));
  assert.equal(await page.find("export-path").inputValue(), "relative.har");
  await page.shot("refused");
  await closed(page);
});

test("the export offers every format, and secrets where the format can hold them", async () => {
  for (const theme of ["light", "dark"]) {
    const page = await ui.open("?fixture=healthy&at=end", { theme });
    await page.keyboard.press("x");
    await visible(page.find("export-preview").getByText('"har"'));
    assert.equal(await page.find("export-secrets").isVisible(), true);
    await page.find("export-secrets").check();
    await visible(page.getByText("whoever gets the file can use them"));
    await page.shot(`export-secrets-${theme}`);

    await page.getByRole("radio", { name: /Plain text/ }).check();
    await visible(page.find("export-no-secrets"));
    assert.equal(await page.find("export-secrets").count(), 0);
    assert.match(await page.find("export-path").inputValue(), /\.txt$/);
    await visible(page.find("export-preview").getByText("POST /mcp initialize"));
    await page.shot(`export-text-${theme}`);
    await page.find("export-save").click();
    assert.match(await page.find("export-done").innerText(), /\.txt$/);

    await page.getByRole("radio", { name: /SVG picture/ }).check();
    const picture = page.find("export-picture");
    await visible(picture);
    assert.equal(await picture.evaluate((image) => image.naturalWidth), 600);
    assert.match(await page.find("export-path").inputValue(), /\.svg$/);
    // Nothing is wrong here: nobody gets a bug report.
    assert.equal(await page.getByRole("radio", { name: /To the/ }).count(), 0);
    await page.shot(`export-picture-${theme}`);
    await closed(page);
  }
});

test("a bug report is offered for each owner of a finding, and the report is a key away", async () => {
  const page = await ui.open("?fixture=s01&at=end", {
    width: 900,
    height: 600,
  });
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  await page.keyboard.press("Shift+C");
  await visible(page.getByText("The report is copied, without secrets."));
  assert.match(await page.evaluate(() => navigator.clipboard.readText()), /^# OAuth of/);
  await page.keyboard.press("x");
  await visible(page.getByRole("radio", { name: /To the MCP server's authors/ }));
  await page.shot("export-bug-report-900");
  await page.keyboard.press("Escape");
  await closed(page);
});

test("a request can be copied as code in three languages", async () => {
  const page = await ui.open("?fixture=healthy&at=end");
  await page.find("row-12").click();
  await page.find("tab-curl").click();
  const code = page.find("repeat-code");
  assert.match(await code.innerText(), /^curl /);
  await page.getByText("fetch", { exact: true }).click();
  assert.match(await code.innerText(), /await fetch\(/);
  await page.getByText("Python", { exact: true }).click();
  assert.match(await code.innerText(), /^import requests/);
  await page.shot("repeat-python");
  await closed(page);
});

test("the list names an active row that is in the page, however far it was scrolled", async () => {
  const page = await ui.open("?fixture=many&at=end");
  const active = () => page.find("rows").getAttribute("aria-activedescendant");
  await page.keyboard.press("Home");
  assert.equal(await active(), "row-1");
  await page.find("diagram").evaluate((list) => (list.scrollTop = list.scrollHeight));
  await page.waitForFunction(
    () => !document.querySelector('[data-testid="row-1"] + [data-testid="row-2"]'),
  );
  assert.equal(await active(), "row-1");
  assert.equal(await page.locator("#row-1").count(), 1);
  assert.equal(await page.locator("#row-2").count(), 0);
  await page.keyboard.press("ArrowDown");
  assert.equal(await active(), "row-2");
  await visible(page.locator("#row-2"));
  await closed(page);
});

test("a screen reader hears where the run stands, without buttons and addresses", async () => {
  const page = await ui.open("?fixture=healthy&at=3");
  const live = page.getByRole("status");
  assert.equal(await live.getByRole("button").count(), 0);
  const first = await live.innerText();
  assert.match(first, /\w+/);
  assert.doesNotMatch(first, /https?:/);
  assert.equal(await page.find("status").getByRole("button").count(), 1);
  await page.keyboard.press("Enter");
  await page.waitForFunction(
    (before) => document.querySelector("[role=status]").textContent.trim() !== before,
    first,
  );
  assert.doesNotMatch(await live.innerText(), /https?:/);
  await closed(page);
});

test("what a server says is never markup", async () => {
  const page = await ui.open("?fixture=long&at=4");
  await page.find("row-5").click();
  await visible(page.getByText("<img src=x onerror=alert(1)>"));
  assert.equal(await page.locator("img[src=x]").count(), 0);
  await closed(page);
});
