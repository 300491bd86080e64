// Every screen of the window, and how it is reached from a fixture: axe judges each, and pictures are taken of each.
import { visible } from "./browser.mjs";

/** Name, query, and what is done once the page is there. */
export const SCREENS = [
  ["start", "?fixture=healthy"],
  ["start, first day", "?fixture=first"],
  ["start, in trouble", "?fixture=troubled"],
  ["start, refused", "?fixture=healthy", (page) => refuse(page)],
  ["comparison", "?fixture=s01&at=end", (page) => compare(page)],
  ["all of the lab", "?fixture=healthy", (page) => page.find("lab-all").click()],
  ["settings", "?fixture=healthy", (page) => page.find("settings").click()],
  ["options, registration", "?fixture=healthy", (page) => page.find("option-registration").click()],
  ["options, callback", "?fixture=healthy", (page) => page.find("option-callback").click()],
  ["observe a client", "?fixture=healthy", (page) => observeFrom(page)],
  ["observing", "?fixture=healthy", (page) => observed(page)],
  ["clients, consent", "?fixture=healthy", (page) => page.find("clients").click()],
  ["clients, being played", "?fixture=healthy", (page) => playClients(page)],
  ["clients", "?fixture=s01&at=end", (page) => clientsWithSources(page)],
  ["clients, the edge", "?fixture=healthy", (page) => edgeOfClients(page)],
  ["ready", "?fixture=healthy&at=0"],
  ["under way", "?fixture=healthy&at=3"],
  ["the browser is away", "?fixture=awaiting"],
  ["the browser is watched", "?fixture=watched&at=5"],
  ["the browser was watched", "?fixture=watched&at=end"],
  ["options, the browser", "?fixture=healthy", (page) => page.find("option-callback").click()],
  ["a device is away", "?fixture=device&at=5"],
  ["stopped", "?fixture=s01&at=end"],
  ["stopped, may go on", "?fixture=goon&at=end"],
  ["other ways to register", "?fixture=rejected&at=4"],
  ["works", "?fixture=healthy&at=end"],
  ["works, with errors", "?fixture=works_but&at=end"],
  ["many findings", "?fixture=findings&at=end", (page) => page.keyboard.press("f")],
  ["rewound", "?fixture=rewound"],
  ["given up and folded", "?fixture=rewound", (page) => page.keyboard.press("Shift+Z")],
  ["many lanes", "?fixture=crowd&at=end"],
  ["servers", "?fixture=servers&at=2"],
  ["long values", "?fixture=long&at=4"],
  ["request", "?fixture=healthy&at=end", (page) => page.keyboard.press("1")],
  ["timing", "?fixture=healthy&at=end", (page) => page.keyboard.press("3")],
  ["decoded", "?fixture=healthy&at=end", (page) => page.keyboard.press("4")],
  ["a value is followed", "?fixture=healthy&at=end", (page) => follow(page)],
  ["tokens of the run", "?fixture=healthy&at=end", (page) => page.keyboard.press("8")],
  ["tokens after a refresh", "?fixture=healthy&at=end", (page) => refreshed(page)],
  ["clients of this machine", "?fixture=healthy", (page) => page.find("client-files").click()],
  ["curl", "?fixture=healthy&at=end", (page) => page.keyboard.press("6")],
  ["edit", "?fixture=healthy&at=4", (page) => page.keyboard.press("e")],
  ["edit a form", "?fixture=healthy&at=5", (page) => editForm(page)],
  ["edit as text", "?fixture=healthy&at=3", (page) => editAsText(page)],
  ["next request", "?fixture=healthy&at=3", (page) => page.keyboard.press("0")],
  ["export", "?fixture=healthy&at=end", (page) => page.keyboard.press("x")],
  ["tokens", "?fixture=healthy&at=end", (page) => page.keyboard.press("t")],
  ["sure to delete tokens", "?fixture=healthy&at=end", (page) => deleting(page)],
  ["sure to forget everything", "?fixture=healthy", (page) => forgetting(page)],
  ["a run is forgotten", "?fixture=healthy", (page) => page.find("past-forget").first().click()],
  ["actions", "?fixture=healthy&at=end", (page) => page.keyboard.press("a")],
  ["call", "?fixture=tools&at=end", (page) => page.keyboard.press("c")],
  ["palette", "?fixture=healthy&at=end", (page) => page.keyboard.press("Control+k")],
  ["shortcuts", "?fixture=healthy&at=end", (page) => page.keyboard.press("?")],
  ["row menu", "?fixture=healthy&at=end", (page) => page.keyboard.press("Shift+F10")],
  ["edit a copy", "?fixture=healthy&at=4", (page) => fromRow(page, "row-resend")],
  ["repeat", "?fixture=healthy&at=4", (page) => fromRow(page, "row-repeat")],
  ["breakpoints", "?fixture=healthy&at=1", (page) => breakpoint(page)],
  ["answer held", "?fixture=healthy&at=1", (page) => holdAnswer(page)],
  ["edit the answer", "?fixture=healthy&at=1", (page) => editAnswer(page)],
  ["a header is explained", "?fixture=healthy&at=end", (page) => pointAtHeader(page)],
  ["a term is explained", "?fixture=s01&at=end", (page) => pointAtTerm(page)],
  ["the tour begins", "?fixture=first", (page) => takeTour(page)],
  ["the tour ends", "?fixture=first", (page) => endTour(page)],
  ["runs", "?fixture=healthy&at=end", (page) => page.find("runs").click()],
];

async function editForm(page) {
  await page.find("paste-callback").fill("http://127.0.0.1:43117/callback?code=1&state=2");
  await page.keyboard.press("Enter");
  await visible(page.find("ghost"));
  await page.find("edit").click();
  await visible(page.find("edit-url"));
}

async function editAsText(page) {
  await page.keyboard.press("e");
  await visible(page.find("edit-url"));
  await page.getByRole("group", { name: "Headers" }).getByText("Text", { exact: true }).click();
  await page.find("edit-header-lines").fill("accept: application/json\nno colon");
}

async function pointAtHeader(page) {
  await page.keyboard.press("Home");
  await page.keyboard.press("1");
  await page.locator("[data-tip-title=accept]").first().hover();
  await visible(page.find("tip"));
}

async function pointAtTerm(page) {
  await page.find("verdict").or(page.find("foreground")).getByTestId("term").first().hover();
  await visible(page.find("tip"));
}

async function takeTour(page) {
  await page.find("tour-begin").click();
  await visible(page.find("tour-step"));
}

/** Through both runs of the tour, to the fault of the second. */
export async function endTour(page) {
  await takeTour(page);
  for (;;) {
    await page.locator("[data-testid=tour-next]:not([disabled])").waitFor();
    const says = await page.find("tour-next").innerText();
    if (!says.startsWith("Next")) break;
    await page.find("tour-next").click();
    await page.waitForFunction(
      () => !document.querySelector("[data-testid=tour-next]")?.hasAttribute("disabled"),
    );
  }
  await page.find("tour-next").click();
  await page.getByText("The run stopped, and the answer is on screen").waitFor();
}

async function compare(page) {
  await page.getByRole("button", { name: "Fixed it? Run again and compare" }).click();
  await visible(page.find("compare-sentence"));
  await page.find("compare-all").check();
  await page.find("compare-noise").check();
}

async function follow(page) {
  await page.find("row-10").click();
  await page.find("tab-decoded").click();
  await page.find("follow-code_verifier").first().click();
  await visible(page.find("followed"));
}

async function refreshed(page) {
  await page.keyboard.press("a");
  await page.find("act-refresh").click();
  await page.keyboard.press("8");
  await visible(page.find("token-since"));
}

async function deleting(page) {
  await page.keyboard.press("t");
  await page.find("token-delete").click();
  await visible(page.find("confirm-yes"));
}

async function forgetting(page) {
  await page.find("settings").click();
  await page.find("forget-everything").click();
  await visible(page.find("confirm-yes"));
}

async function fromRow(page, item) {
  await page.find("row-1").click({ button: "right" });
  await page.find(item).click();
  await visible(page.getByRole("dialog"));
}

async function breakpoint(page) {
  await page.keyboard.press("b");
  await page.find("break-kind").selectOption("status");
  await page.find("break-text").fill("2xx");
  await page.find("break-add").click();
  await visible(page.find("breakpoints"));
}

async function holdAnswer(page) {
  await breakpoint(page);
  await page.keyboard.press("Escape");
  await page.find("break-kind").waitFor({ state: "detached" });
  await page.keyboard.press("Enter");
  await visible(page.find("let-through"));
}

async function editAnswer(page) {
  await holdAnswer(page);
  await page.find("edit-answer").click();
  await visible(page.find("answer-status"));
}

async function observeFrom(page) {
  await page.find("observe").click();
  await page.getByText("Elsewhere, such as").click();
  await visible(page.find("observe-public"));
}

async function observed(page) {
  await page.find("observe").click();
  await page.find("observe-start").click();
  await visible(page.find("observing-url"));
}

/** Clients are being played, from the start screen or from a run. */
export async function playClients(page) {
  if (await page.find("clients").isVisible()) await page.find("clients").click();
  else await page.keyboard.press("w");
  await page.find("clients-consent").check();
  await page.find("clients-play").click();
  await visible(page.find("clients-rows"));
  return page;
}

/** All clients have been played. */
export async function playedClients(page) {
  await playClients(page);
  await visible(page.find("clients-save"));
  return page;
}

async function clientsWithSources(page) {
  await playedClients(page);
  await page.find("sources-cursor").click();
  await visible(page.find("known-cursor"));
}

async function edgeOfClients(page) {
  await playedClients(page);
  await page.find("edge-mine").check();
  await page.find("edge-ask").click();
  await visible(page.find("edge-report"));
}

async function refuse(page) {
  await page.find("start-url").fill("no url at all");
  await page.keyboard.press("Enter");
  await visible(page.find("start-problem"));
}
