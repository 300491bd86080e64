import type { App } from "../app.svelte";
import { withOne } from "../flow/breakpoints";
import { copy } from "../shared/clipboard";

/** What the request of a row can be copied as. */
export type Copied = "curl" | "fetch" | "python" | "raw";

/** Copies the request of a row, without its secrets. */
export async function copyRow(app: App, seq: number, as: Copied): Promise<void> {
  await app.do(async () => {
    const text = (await app.host.detail(seq, false))[as];
    if (text !== null && (await copy(text)))
      app.messages.tell(`The request of row ${seq} is copied, without secrets.`);
    else app.messages.refuse({ message: "The clipboard refused the request" });
  });
}

/** Opens what a row asked for in the browser. */
export async function openRow(app: App, seq: number): Promise<void> {
  await app.do(async () => {
    const { kind } = (await app.host.detail(seq, false)).entry;
    if (kind.is === "exchange") await app.host.openLink(kind.request.url);
    else if (kind.is === "browser_opened") await app.host.openLink(kind.url);
  });
}

/** Lets runs wait at requests like that of a row from now on, or at their answers. */
export async function breakAt(app: App, seq: number, answer: boolean): Promise<void> {
  await app.do(async () => {
    const { kind } = (await app.host.detail(seq, false)).entry;
    if (kind.is !== "exchange") return;
    const { purpose } = kind;
    const on = { is: "request", purpose: purpose.is === "copy" ? purpose.of : purpose } as const;
    await app.host.setBreakpoints(withOne(app.breakpoints, { on, answer, enabled: true }));
    app.messages.tell(
      answer
        ? `From now on answers like that of row ${seq} are held.`
        : `From now on runs wait before requests like that of row ${seq}.`,
    );
  });
}
