import { vitePreprocess } from "@sveltejs/vite-plugin-svelte";

/**
 * A style attribute in the markup, as bits-ui has some, is refused by the content security policy of the window. As
 * directives Svelte sets the same through the object model, which is not.
 */
const styleDirectives = {
  name: "style-directives",
  markup: ({ content }) => ({
    code: content.replace(
      /(<[a-z][\w-]*(?:\s[^<>{}]*?)?)\sstyle="([^"{}]*)"/g,
      (_, before, style) =>
        style
          .split(";")
          .map((declaration) => declaration.split(":").map((part) => part.trim()))
          .filter(([property, value]) => property && value)
          .reduce((all, [property, value]) => `${all} style:${property}="${value}"`, before),
    ),
  }),
};

export default { preprocess: [styleDirectives, vitePreprocess()] };
