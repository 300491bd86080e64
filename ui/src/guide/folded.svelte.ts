/** Whether what a step is for is told everywhere; kept on this machine. */
class Folded {
  #open = $state(localStorage.getItem("guide") !== "closed");

  get open(): boolean {
    return this.#open;
  }

  toggle(): void {
    this.#open = !this.#open;
    localStorage.setItem("guide", this.#open ? "open" : "closed");
  }
}

export const guideFold = new Folded();
