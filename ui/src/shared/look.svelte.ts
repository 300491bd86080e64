import type { Density } from "../diagram/layout";

/** How large everything can be made, of its usual size. */
export const [SMALLEST, LARGEST] = [0.8, 2];

/** How the window looks and which keys it takes: the user's own, kept on this machine. */
export class Look {
  /** How large everything is. */
  zoom = $state(Number(localStorage.getItem("zoom")) || 1);
  /** How close the rows stand. */
  density = $state<Density>(
    localStorage.getItem("density") === "compact" ? "compact" : "comfortable",
  );
  /** A letter, digit or sign alone is a key. */
  letters = $state(localStorage.getItem("letters") !== "off");
  /** The menus stand above the page, where the system has no other place for them. */
  menuBar = $state(localStorage.getItem("menu-bar") === "on");
  /** How much of the height the answer has, in per cent; null as much as it needs. */
  share = $state(Number(localStorage.getItem("share")) || null);

  /** Larger by so many steps; 0 is the usual size. */
  resize(steps: number): void {
    const wanted = steps === 0 ? 1 : Math.round((this.zoom + steps * 0.1) * 10) / 10;
    this.zoom = Math.min(LARGEST, Math.max(SMALLEST, wanted));
    localStorage.setItem("zoom", String(this.zoom));
  }

  setDensity(density: Density): void {
    this.density = density;
    localStorage.setItem("density", density);
  }

  setLetters(on: boolean): void {
    this.letters = on;
    localStorage.setItem("letters", on ? "on" : "off");
  }

  setMenuBar(on: boolean): void {
    this.menuBar = on;
    localStorage.setItem("menu-bar", on ? "on" : "off");
  }

  /** Null: as much as it needs. */
  setShare(share: number | null): void {
    this.share = share;
    if (share === null) localStorage.removeItem("share");
    else localStorage.setItem("share", String(share));
  }
}
