import { expect, it } from '@jest/globals';
import { whenInterrupted } from '../../../lib/client/interrupt.ts';

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

it.each(signals)('says how to go on at %s, once, and leaves the end to whoever else listens', async (signal) => {
  const before = signals.map((each) => process.listenerCount(each));
  let said = 0;
  let heard = 0;
  const other = (): void => {
    heard += 1;
  };
  process.on(signal, other);
  const result = await whenInterrupted(
    () => {
      said += 1;
    },
    async () => {
      process.emit(signal, signal);
      process.emit(signal, signal);
      return 'done';
    },
  );
  process.emit(signal, signal);
  process.off(signal, other);
  expect([result, said, heard]).toEqual(['done', 1, 3]);
  expect(signals.map((each) => process.listenerCount(each))).toEqual(before);
});

it('says nothing where nothing interrupts, and listens no longer afterwards', async () => {
  const before = signals.map((each) => process.listenerCount(each));
  const say = (): void => {
    throw new Error('nobody interrupted');
  };
  await expect(whenInterrupted(say, () => Promise.reject(new Error('failed')))).rejects.toThrow('failed');
  expect(signals.map((each) => process.listenerCount(each))).toEqual(before);
});
