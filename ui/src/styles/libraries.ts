/**
 * Lets in the style elements that libraries make while they run: CodeMirror's themes, and the pointer while a divider
 * is dragged. The content security policy of the window allows a style element only with the nonce of the page, which
 * is new at each start. Markup that somebody else brought into the page has none and stays without effect.
 */
export function allowStylesOfLibraries(): void {
  // A page of the development server has no policy and no nonce.
  const nonce = document.querySelector<HTMLStyleElement>("style[nonce]")?.nonce;
  if (!nonce) return;
  const create = document.createElement.bind(document) as (
    name: string,
    options?: ElementCreationOptions,
  ) => HTMLElement;
  document.createElement = ((name: string, options?: ElementCreationOptions) => {
    const element = create(name, options);
    if (element instanceof HTMLStyleElement) element.nonce = nonce;
    return element;
  }) as typeof document.createElement;
}
