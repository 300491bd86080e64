/** What is asked before something is lost. */
export interface Question {
  /** "Delete the tokens?" */
  title: string;
  /** What is lost. */
  loses: string;
  /** What the button says that does it. */
  yes: string;
  /** What the other one says, where "Cancel" could be meant either way. */
  no?: string;
}

/** Asks the user, one question at a time. */
export class Questions {
  /** What has to be answered now. */
  asked = $state.raw<(Question & { answer: (yes: boolean) => void }) | null>(null);

  /** True when it may be lost. */
  async sure(question: Question): Promise<boolean> {
    // A new question replaces the one that is still open.
    this.asked?.answer(false);
    const yes = await new Promise<boolean>((answer) => {
      this.asked = { ...question, answer };
    });
    this.asked = null;
    return yes;
  }
}
