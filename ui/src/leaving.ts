import type { App } from "./app.svelte";
import type { ActionKind } from "./host/bindings/ActionKind";

/** An action that ends something at a server is asked about first. */
export async function mayAct(app: App, kind: ActionKind): Promise<boolean> {
  const info = app.boot?.tables.actions.find((action) => action.kind === kind);
  if (!info?.loses) return true;
  const { title, help } = info;
  return app.questions.sure({
    title: `${title}?`,
    loses: `${help}. This cannot be undone: what it ends at the server is gone.`,
    yes: title,
  });
}

/** A run that waits for the user, or goes on by itself, stops when another one begins. */
export async function mayLeave(app: App): Promise<boolean> {
  if (!app.log.view?.goes_on) return true;
  return app.questions.sure({
    title: "Start again?",
    loses: app.waits
      ? "This run waits for you. What you do in the browser from now on does not reach it; its rows stay under Runs."
      : "This run is under way. It stays under Runs as far as it got.",
    yes: "Start again",
  });
}

/** Asks each time that the window is to be closed while something is under way. */
export async function askWhenClosed(app: App): Promise<never> {
  for (;;) {
    await app.host.closeAsked();
    const close = await app.questions.sure({
      title: "Close while this goes on?",
      loses: lostByClosing(app),
      yes: "Stop and close",
      no: "Keep running",
    });
    await app.host.answerClose(close);
  }
}

function lostByClosing(app: App): string {
  if (app.clients.playing)
    return "Known clients are being played against a server. What was played so far is gone when the window closes.";
  if (app.status?.is === "observing")
    return "A client is being observed. It gets no answer from the address it was given once the window is closed.";
  if (app.waits)
    return "This run waits for you. It is kept among the past runs as far as it got, and cannot be gone on with.";
  return "This run is under way. It is kept among the past runs as far as it got.";
}
