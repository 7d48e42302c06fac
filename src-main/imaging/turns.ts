// Turns for work that holds memory: as much of it side by side as a budget allows. What needs more than all of it goes
// alone; nothing overtakes what has waited longer.

export class Turns {
  readonly #budget: number;
  readonly #waiting: { size: number; begin(): void }[] = [];
  #taken = 0;

  /** @param budget  in the unit that sizes are given in */
  constructor(budget: number) {
    this.#budget = budget;
  }

  async take<T>(size: number, work: () => Promise<T>): Promise<T> {
    const counted = Math.min(size, this.#budget);
    if (this.#waiting.length > 0 || this.#taken + counted > this.#budget)
      await new Promise<void>((begin) => this.#waiting.push({ size: counted, begin }));
    else this.#taken += counted;
    try {
      return await work();
    } finally {
      this.#taken -= counted;
      while (this.#waiting.length > 0 && this.#taken + this.#waiting[0].size <= this.#budget) {
        const { size: next, begin } = this.#waiting.shift()!;
        this.#taken += next;
        begin();
      }
    }
  }
}
