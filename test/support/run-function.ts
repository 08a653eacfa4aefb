import { writeSync } from 'node:fs';
import { createInterface } from 'node:readline';

// A function as Lambda runs it: its module is loaded once, then each line of standard input is an event, and each answer a line
// of descriptor 3. What the function itself writes stays alone on standard output and standard error.
const { handler } = await import(process.argv[2] as string);
const answer = (value: unknown): void => void writeSync(3, `${JSON.stringify(value ?? null)}\n`);
answer('started');
for await (const line of createInterface({ input: process.stdin })) {
  const context = { getRemainingTimeInMillis: () => 10_000 };
  answer(
    await handler(JSON.parse(line), context).catch((error: Error) => ({ failed: `${error.name}: ${error.message}` })),
  );
}
