import { describe, expect, it } from '@jest/globals';
import { publishOperations } from '../../../lambda/publish/create-publish.ts';
import { routeKey, routes } from '../../../lib/api/routes.ts';
import { away } from '../../support/memory-bucket.ts';
import { publishRig } from '../../support/publish-rig.ts';

describe('the publish function', () => {
  it('has an operation for each of its routes, and no other', () => {
    const keys = Object.keys(publishOperations({} as never));
    expect(new Set(keys)).toEqual(new Set(routes.filter(({ target }) => target === 'publish').map(routeKey)));
  });

  it('answers JSON that is not cached', async () => {
    const { handler } = publishRig();
    const event = {
      routeKey: 'GET /publish/catalog',
      requestContext: { requestId: 'r', authorizer: { iam: { userArn: 'a' } } },
    };
    expect(await handler(event as never, {} as never)).toEqual({
      statusCode: 200,
      headers: { 'content-type': 'application/json', 'cache-control': 'no-store' },
      body: '{"channels":[]}',
    });
  });

  it('answers 503 while the bucket is unavailable, and logs the reason', async () => {
    const { bucket, call, lines } = publishRig();
    bucket.fault = () => {
      throw away();
    };
    expect(await call('GET /publish/catalog')).toMatchObject({ status: 503, body: { code: 'unavailable' } });
    expect(lines).toEqual([
      {
        level: 'error',
        message: 'unavailable',
        requestId: 'request-1',
        route: 'GET /publish/catalog',
        error: 'Error: ECONNREFUSED',
      },
    ]);
  });

  it('answers a defect with 500, and writes its message only to the log', async () => {
    const { bucket, call, lines } = publishRig();
    bucket.fault = () => {
      throw new TypeError('secret');
    };
    const answer = await call('GET /publish/catalog');
    expect(answer).toMatchObject({ status: 500, contentType: 'application/problem+json', body: { code: 'defect' } });
    expect(JSON.stringify(answer.body)).not.toContain('secret');
    expect(lines).toEqual([
      expect.objectContaining({ message: 'defect', error: 'TypeError: secret', stack: expect.any(String) }),
    ]);
  });
});
