import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

type Theme = "light" | "dark";
type Tokens = Map<string, Record<Theme, string>>;

const SURFACES = ["ground", "pane", "raised", "sunken", "hover", "accent-ground"];
const TEXT_ON_SURFACES = ["text", "dim", "faint", "accent"];
const SIGNS = ["ok", "redirect", "warning", "error"];
const PARTICIPANTS = [
  "client",
  "browser",
  "resource",
  "authority",
  "identity",
  "other-1",
  "other-2",
  "other-3",
  "other-4",
];

const [usual, more] = read();
const tokens = usual;
/** Whoever asks the system for more contrast gets these in their place. */
const strong = new Map([...usual, ...more]);

describe.each<Theme>(["light", "dark"])("%s with more contrast", (theme) => {
  it.each(SURFACES.flatMap((surface) => TEXT_ON_SURFACES.map((text) => [text, surface])))(
    "%s on %s is read by everybody",
    (text, surface) => expect(contrast(theme, text, surface, strong)).toBeGreaterThanOrEqual(7),
  );

  it.each(
    SIGNS.flatMap((sign) => [sign + "-ground", "pane", "ground", "raised"].map((on) => [sign, on])),
  )("%s on %s is read by everybody", (sign, on) =>
    expect(contrast(theme, sign, on, strong)).toBeGreaterThanOrEqual(7),
  );

  it.each(["accent-fill", "accent-fill-hover"])("the words of a %s button are, too", (fill) =>
    expect(contrast(theme, "on-accent", fill, strong)).toBeGreaterThanOrEqual(7),
  );

  it.each(SURFACES)("edges on %s are seen", (surface) => {
    expect(contrast(theme, "control", surface, strong)).toBeGreaterThanOrEqual(4.5);
    expect(contrast(theme, "line-strong", surface, strong)).toBeGreaterThanOrEqual(4.5);
    expect(contrast(theme, "line", surface, strong)).toBeGreaterThanOrEqual(3);
  });
});

describe.each<Theme>(["light", "dark"])("%s", (theme) => {
  it.each(SURFACES.flatMap((surface) => TEXT_ON_SURFACES.map((text) => [text, surface])))(
    "%s on %s can be read",
    (text, surface) => expect(contrast(theme, text, surface)).toBeGreaterThanOrEqual(4.5),
  );

  it.each(
    SIGNS.flatMap((sign) => [sign + "-ground", "pane", "ground", "raised"].map((on) => [sign, on])),
  )("%s on %s can be read", (sign, on) =>
    expect(contrast(theme, sign, on)).toBeGreaterThanOrEqual(4.5),
  );

  it.each(SIGNS.flatMap((sign) => ["text", "dim"].map((text) => [text, sign + "-ground"])))(
    "%s on %s can be read",
    (text, on) => expect(contrast(theme, text, on)).toBeGreaterThanOrEqual(4.5),
  );

  it.each(["accent-fill", "accent-fill-hover"])("the words of a %s button can be read", (fill) =>
    expect(contrast(theme, "on-accent", fill)).toBeGreaterThanOrEqual(4.5),
  );

  it.each(SURFACES)("the edge of a control on %s is seen", (surface) =>
    expect(contrast(theme, "control", surface)).toBeGreaterThanOrEqual(3),
  );

  it.each(PARTICIPANTS)("the lines of %s are seen", (participant) => {
    for (const surface of ["ground", "pane", "accent-ground"]) {
      expect(contrast(theme, participant, surface)).toBeGreaterThanOrEqual(3);
    }
  });
});

/** WCAG 2.2 contrast ratio of two tokens. */
function contrast(theme: Theme, one: string, other: string, of = tokens): number {
  const [darker, lighter] = [one, other]
    .map((token) => luminance(colour(theme, token, of)))
    .sort((a, b) => a - b) as [number, number];
  return (lighter + 0.05) / (darker + 0.05);
}

function colour(theme: Theme, token: string, of: Tokens): string {
  const pair = of.get(token);
  if (!pair) throw new Error(`no token --${token}`);
  return pair[theme];
}

function luminance(hex: string): number {
  const [r, g, b] = [1, 3, 5].map((at) => {
    const channel = parseInt(hex.slice(at, at + 2), 16) / 255;
    return channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

/** The tokens, and those with more contrast. */
function read(): [Tokens, Tokens] {
  const css = readFileSync("src/styles/tokens.css", "utf8");
  const [usual, more] = css.split("@media (prefers-contrast: more)");
  return [pairsIn(usual!), pairsIn(more!)];
}

function pairsIn(css: string): Tokens {
  const pairs = css.matchAll(/--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)/g);
  return new Map(
    [...pairs].map(([, name, light, dark]) => [name!, { light: light!, dark: dark! }]),
  );
}
