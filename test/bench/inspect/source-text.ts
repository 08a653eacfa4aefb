const vocabulary = 6_000;
const poolSize = 4_096;
const syllables = 'ka re mo lib to ser ve pack age con fig du te sto ri na pa th lo git xu we be hash in out'.split(
  ' ',
);
const digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/** Mulberry32 (Tommy Ettinger, public domain): the same numbers on every machine, below `bound`. */
export function numbersFrom(seed: number): (bound: number) => number {
  let state = seed;
  return (bound) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % bound;
  };
}

export interface SourceText {
  readonly below: (bound: number) => number;
  readonly word: () => string;
  /** Lines of text; xz makes about a seventh of many. */
  readonly text: () => string;
}

/** Text that compresses as a tree of package expressions does: much is said again, and each file has something of its own. */
export function sourceText(seed: number): SourceText {
  const below = numbersFrom(seed);
  const words = Array.from({ length: vocabulary }, () =>
    Array.from({ length: 2 + below(3) }, () => syllables[below(syllables.length)]).join(''),
  );
  const word = (): string => words[below(1 + below(vocabulary))] ?? '';
  const hash = (): string => Array.from({ length: 43 }, () => digits[below(64)]).join('');
  const fresh = (): string => {
    switch (below(6)) {
      case 0:
        return `  # ${word()} ${word()} the ${word()} of ${word()}, see ${word()}\n`;
      case 1:
        return `    ${word()} = "${word()}-${below(10)}.${below(40)}";\n`;
      case 2:
        return `  buildInputs = [ ${word()} ${word()} ${word()} ];\n`;
      case 3:
        return `    (lib.optional stdenv.hostPlatform.${word()} ${word()})\n`;
      case 4:
        return `  ${word()} = callPackage ../${word()}/${word()} { };\n`;
      default:
        return `      --replace-fail "${word()}" "\${${word()}}/bin/${word()}" \\\n`;
    }
  };
  const pool = Array.from({ length: poolSize }, fresh);
  const line = (): string => {
    const place = below(poolSize);
    if (below(100) < 13) pool[place] = fresh();
    return pool[place] ?? '';
  };
  // Mostly a screenful or two, sometimes a long generated list.
  const lines = (): number => {
    const kind = below(100);
    if (kind < 80) return 10 + below(76);
    return kind < 98 ? 100 + below(200) : 400 + below(2_000);
  };
  const text = (): string => {
    let all = `  hash = "sha256-${hash()}=";\n`;
    for (let left = lines(); left > 0; left -= 1) all += line();
    return all;
  };
  return { below, word, text };
}
