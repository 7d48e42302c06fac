// Heat maps asked from the core, each once. A grid asks for many while it scrolls, and the core computes them
// one after the other: what is urgent goes first, then what was asked last; what nobody waits for any more is
// not asked at all. Answers are kept up to a size, the longest unused go first.

interface Ticket<Answer> {
  answer: Promise<Answer>;
  /** Nobody waits for it here any more; an answer that is not yet asked for may never come. */
  release: () => void;
}

interface Entry<Request, Answer> {
  request: Request;
  waiting: number;
  urgent: boolean;
  asked: boolean;
  answered: boolean;
  sizeBytes: number;
  /** Aborted when nobody waits any more. */
  unwanted: AbortController;
  promise: Promise<Answer>;
  resolve: (answer: Answer) => void;
  reject: (reason: unknown) => void;
}

export class HeatRequests<Request, Answer> {
  private readonly entries = new Map<string, Entry<Request, Answer>>();
  private asking = 0;
  private keptBytes = 0;
  private readonly ask: (request: Request, signal: AbortSignal) => Promise<Answer>;
  private readonly sizeOf: (answer: Answer) => number;
  private readonly mostAsking: number;
  private readonly mostBytes: number;

  /** @param ask  its signal is aborted when nobody waits for the answer any more */
  constructor(
    ask: (request: Request, signal: AbortSignal) => Promise<Answer>,
    sizeOf: (answer: Answer) => number,
    { mostAsking = 2, mostBytes = 128 * 2 ** 20 }: { mostAsking?: number; mostBytes?: number } = {},
  ) {
    this.ask = ask;
    this.sizeOf = sizeOf;
    this.mostAsking = mostAsking;
    this.mostBytes = mostBytes;
  }

  want(request: Request, urgent = false): Ticket<Answer> {
    const key = JSON.stringify(request);
    let entry = this.entries.get(key);
    if (!entry) {
      const { promise, resolve, reject } = Promise.withResolvers<Answer>();
      // A failure that nobody waits for any more is not an unhandled one.
      promise.catch(() => undefined);
      const state = { waiting: 0, asked: false, answered: false, sizeBytes: 0 };
      entry = { request, urgent, ...state, unwanted: new AbortController(), promise, resolve, reject };
    }
    // To the end of the map: last asked, last used.
    this.entries.delete(key);
    this.entries.set(key, entry);
    entry.waiting += 1;
    entry.urgent ||= urgent;
    this.pump();
    const wanted = entry;
    let released = false;
    return {
      answer: entry.promise,
      release: () => {
        if (released) return;
        released = true;
        wanted.waiting -= 1;
        if (wanted.waiting > 0 || wanted.answered || this.entries.get(key) !== wanted) return;
        this.entries.delete(key);
        wanted.unwanted.abort();
      },
    };
  }

  /** Forgets all answers; for a run that was trained on, or another project. */
  clear(): void {
    for (const [key, entry] of this.entries) if (entry.asked) this.entries.delete(key);
    this.keptBytes = 0;
  }

  private pump(): void {
    while (this.asking < this.mostAsking) {
      const open = [...this.entries].filter(([, entry]) => !entry.asked);
      const next = open.findLast(([, entry]) => entry.urgent) ?? open.at(-1);
      if (!next) return;
      void this.send(...next);
    }
  }

  private async send(key: string, entry: Entry<Request, Answer>): Promise<void> {
    entry.asked = true;
    this.asking += 1;
    try {
      const answer = await this.ask(entry.request, entry.unwanted.signal);
      entry.answered = true;
      entry.sizeBytes = this.sizeOf(answer);
      if (this.entries.get(key) === entry) this.keptBytes += entry.sizeBytes;
      entry.resolve(answer);
      this.shrink();
    } catch (thrown) {
      if (this.entries.get(key) === entry) this.entries.delete(key);
      entry.reject(thrown);
    } finally {
      this.asking -= 1;
      this.pump();
    }
  }

  private shrink(): void {
    for (const [key, entry] of this.entries) {
      if (this.keptBytes <= this.mostBytes) return;
      if (entry.sizeBytes === 0 || entry.waiting > 0) continue;
      this.entries.delete(key);
      this.keptBytes -= entry.sizeBytes;
    }
  }
}
