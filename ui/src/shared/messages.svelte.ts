import { asAppError } from "../host/host";

export interface Message {
  id: number;
  sign: "ok" | "warning" | "error";
  text: string;
  hint: string | null;
  /** What can be done about it, while it is shown. */
  offer?: { label: string; take: () => unknown };
}

/** Milliseconds in which something can be restored: the program waits a little longer. */
const UNDO = 9_500;

/** What did not work, until it is dismissed; what did, for a moment. */
export class Messages {
  shown = $state.raw<Message[]>([]);
  #count = 0;

  refuse(reason: unknown): void {
    const { message, hint } = asAppError(reason);
    this.#show({ sign: "error", text: message, hint });
  }

  warn(text: string, hint: string | null = null): void {
    this.#show({ sign: "warning", text, hint });
  }

  tell(text: string, hint: string | null = null): void {
    const id = this.#show({ sign: "ok", text, hint });
    setTimeout(() => this.dismiss(id), 6_000);
  }

  /** What was done, with the way back. */
  offer(text: string, label: string, take: () => unknown): void {
    const id = this.#show({ sign: "ok", text, hint: null, offer: { label, take } });
    setTimeout(() => this.dismiss(id), UNDO);
  }

  dismiss(id: number): void {
    this.shown = this.shown.filter((message) => message.id !== id);
  }

  /** A warning stays until it is dismissed. */
  clear(): void {
    this.shown = this.shown.filter(({ sign }) => sign === "warning");
  }

  #show(message: Omit<Message, "id">): number {
    const id = ++this.#count;
    // The same complaint twice is one complaint.
    const others = this.shown.filter((shown) => shown.offer || shown.text !== message.text);
    this.shown = [...others.slice(-3), { id, ...message }];
    return id;
  }
}
