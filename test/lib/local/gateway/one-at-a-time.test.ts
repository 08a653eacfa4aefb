import { expect, it } from '@jest/globals';
import type { APIGatewayProxyEventV2, Context } from 'aws-lambda';
import { oneAtATime } from '../../../../lib/local/gateway/one-at-a-time.ts';

const event = {} as APIGatewayProxyEventV2;
const context = {} as Context;

it('answers 503 in the place of a function that is busy, and lets it go on afterwards, also after a failure', async () => {
  const ends: ((failure?: Error) => void)[] = [];
  const handler = oneAtATime(
    () =>
      new Promise((resolve, reject) => {
        ends.push((failure) => (failure === undefined ? resolve({ statusCode: 200 }) : reject(failure)));
      }),
  );
  const first = handler(event, context);
  expect(await handler(event, context)).toMatchObject({ statusCode: 503, body: '{"message":"Service Unavailable"}' });
  ends[0]?.(new Error('a defect'));
  await expect(first).rejects.toThrow('a defect');
  const second = handler(event, context);
  ends[1]?.();
  expect(await second).toEqual({ statusCode: 200 });
});
