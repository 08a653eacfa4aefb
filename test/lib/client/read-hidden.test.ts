import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { readHidden } from '../../../lib/client/read-hidden.ts';

/** A terminal on which somebody types, and what happens to it. */
function terminalOf(typed: readonly (string | Buffer)[], failure?: Error) {
  const steps: string[] = [];
  async function* keys() {
    try {
      yield* typed;
      if (failure !== undefined) throw failure;
    } finally {
      steps.push('closed');
    }
  }
  const terminal = Object.assign(keys(), {
    isTTY: true,
    setRawMode: (on: boolean) => steps.push(on ? 'raw' : 'restored'),
  });
  return { steps, read: () => readHidden('Token: ', terminal, (text) => void steps.push(text)) };
}

const whole = ['raw', 'Token: ', 'restored', '\n', 'closed'];

describe('a line that is typed and not shown', () => {
  it.each([
    ['ends with Enter', ['abc\r'], 'abc'],
    ['ends with a line feed, as a pasted one does', ['abc\ndef'], 'abc'],
    ['ends with Ctrl-D', ['abc', '\x04'], 'abc'],
    ['loses its last sign by a backspace, of either kind', ['abcd\x7f', '\b', 'x\r'], 'abx'],
    ['stays empty at a backspace', ['\x7f\x7fa\r'], 'a'],
    ['is begun again at Ctrl-U', ['abc\x15d\r'], 'd'],
    ['may be empty', ['\r'], ''],
  ])('%s', async (_, typed, line) => {
    const { steps, read } = terminalOf(typed);
    expect([await read(), steps]).toEqual([line, whole]);
  });

  it('is whole in however many pieces it comes', async () => {
    const text = fc.string({ unit: fc.constantFrom(...'abcXYZ019._-') });
    await fc.assert(
      fc.asyncProperty(fc.array(text), async (pieces) => {
        const { read } = terminalOf([...pieces.map((piece) => Buffer.from(piece)), '\r', 'more']);
        expect(await read()).toBe(pieces.join(''));
      }),
      { seed: 11 },
    );
  });

  it('ends the command with 130 at Ctrl-C, with the terminal as it was', async () => {
    const { steps, read } = terminalOf(['abc\x03', 'def\r']);
    await expect(read()).rejects.toMatchObject({ exitCode: 130 });
    expect(steps).toEqual(whole);
  });

  it('leaves the terminal as it was where it cannot be read', async () => {
    const { steps, read } = terminalOf(['abc'], new Error('gone'));
    await expect(read()).rejects.toThrow('gone');
    expect(steps.filter((step) => ['raw', 'restored'].includes(step))).toEqual(['raw', 'restored']);
  });
});
