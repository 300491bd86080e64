import type { PartMeaning } from "../host/bindings/PartMeaning";
import type { Section } from "../host/bindings/Section";

/** What is told of a name or a word when it is pointed at, or reached by key. */
export interface Tip {
  title: string;
  text: string;
  source: string | null;
}

/** The attributes by which `Tips.svelte` finds it. */
export function tipAttributes(tip: Tip | null): Record<string, string> {
  if (!tip) return {};
  const all = { "data-tip": tip.text, "data-tip-title": tip.title };
  return tip.source ? { ...all, "data-tip-source": tip.source } : all;
}

/** The element around a target that has something to tell, and what. */
export function tipAt(target: EventTarget | null): { element: HTMLElement; tip: Tip } | null {
  const element = target instanceof Element ? target.closest<HTMLElement>("[data-tip]") : null;
  if (!element) return null;
  const { tip, tipTitle, tipSource } = element.dataset;
  return {
    element,
    tip: { title: tipTitle ?? "", text: tip ?? "", source: tipSource ?? null },
  };
}

/** What the parts of a message mean, by what they are and their names. */
export class Meanings {
  readonly #all: Map<string, PartMeaning>;

  constructor(meanings: readonly PartMeaning[]) {
    this.#all = new Map(meanings.map((one) => [`${one.of} ${one.name}`, one]));
  }

  /** Of a part, under the name that stands there. */
  of(part: PartMeaning["of"], name: string, shown = name): Tip | null {
    const found = this.#all.get(`${part} ${name}`);
    return found ? tipOf(shown, found.meaning, found.source) : null;
  }
}

export function tipOf(title: string, text: string, source?: Section | null): Tip {
  return { title, text, source: source?.title ?? null };
}

/** Tells what an element means that a cursor has come to; nothing where it means nothing. */
export function tell(element: Element | null): void {
  document.dispatchEvent(new CustomEvent("tell", { detail: element }));
}

/** The arrow keys walk through the names in an element, of which only one is a stop of Tab. */
export function arrows(element: HTMLElement): () => void {
  const names = () => [...element.querySelectorAll<HTMLElement>("[data-tip][tabindex]")];
  const stop = (at: HTMLElement): void => {
    for (const name of names()) name.tabIndex = name === at ? 0 : -1;
  };
  const keydown = (event: KeyboardEvent): void => {
    const all = names();
    const at = all.indexOf(event.target as HTMLElement);
    if (at < 0 || event.altKey || event.ctrlKey || event.metaKey) return;
    const steps: Record<string, number> = {
      ArrowDown: at + 1,
      ArrowRight: at + 1,
      ArrowUp: at - 1,
      ArrowLeft: at - 1,
      Home: 0,
      End: all.length - 1,
    };
    const to = steps[event.key];
    if (to === undefined) return;
    // Otherwise the rows of the diagram would move.
    event.preventDefault();
    all[Math.min(Math.max(to, 0), all.length - 1)]?.focus();
  };
  const focusin = (event: FocusEvent): void => {
    if (names().includes(event.target as HTMLElement)) stop(event.target as HTMLElement);
  };
  element.addEventListener("keydown", keydown);
  element.addEventListener("focusin", focusin);
  return () => {
    element.removeEventListener("keydown", keydown);
    element.removeEventListener("focusin", focusin);
  };
}
