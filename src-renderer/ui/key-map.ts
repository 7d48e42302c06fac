// The keys of a screen, in one table: its listener, the key sheet and docs/keys.md are all made from it.

interface KeyRow<Command extends string> {
  title: string;
  command: Command;
  /** Chords as ui/keys.ts writes them. */
  keys: readonly string[];
  /** Shown instead of the keys where they are a family. */
  shown?: string;
}

export interface KeySection<Command extends string = string> {
  title: string;
  rows: readonly KeyRow<Command>[];
}

export class KeyMap<Command extends string> {
  readonly sections: readonly KeySection<Command>[];
  readonly #byChord: ReadonlyMap<string, Command>;

  constructor(sections: readonly KeySection<Command>[]) {
    this.sections = sections;
    this.#byChord = new Map(
      sections.flatMap(({ rows }) => rows.flatMap(({ command, keys }) => keys.map((key) => [key, command]))),
    );
  }

  commandOf(chord: string): Command | null {
    return this.#byChord.get(chord) ?? null;
  }

  /** The first key of a command, for the button that does the same. */
  keyOf(command: Command): string {
    const row = this.sections.flatMap(({ rows }) => rows).find((one) => one.command === command);
    return row?.keys[0] ?? '';
  }
}

type CommandOf<Map> = Map extends KeyMap<infer Command> ? Command : never;
/** What a screen does for each command of its map. */
export type Doing<Map> = Record<CommandOf<Map>, (chord: string) => void>;

/** What a row shows: its family, or each of its keys. */
export const capsOf = ({ keys, shown }: KeyRow<string>): readonly string[] => (shown ? [shown] : keys);
