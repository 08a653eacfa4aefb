import { describe, expect, it } from '@jest/globals';
import { routeKey, routes } from '../../../lib/api/routes.ts';

describe('the table of routes', () => {
  it('has each route once', () => {
    const keys = routes.map(routeKey);
    expect(new Set(keys).size).toBe(keys.length);
  });

  it('requires IAM for everything under /publish, and for nothing else', () => {
    for (const { path, target, authorization } of routes) {
      const publishes = path.startsWith('/publish/');
      expect([path, target, authorization]).toEqual([
        path,
        publishes ? 'publish' : 'serve',
        publishes ? 'iam' : 'none',
      ]);
    }
  });

  it('answers HEAD wherever readers GET', () => {
    const paths = (method: string) =>
      routes.filter((route) => route.method === method && route.target === 'serve').map(({ path }) => path);
    expect(paths('HEAD')).toEqual(paths('GET'));
  });

  it('has everything that one publisher needs under the path of its channel', () => {
    const others = routes.filter(
      ({ target, path }) => target === 'publish' && !path.startsWith('/publish/channels/{channel}'),
    );
    expect(new Set(others.map(({ path }) => path))).toEqual(
      new Set([
        '/publish/catalog',
        '/publish/catalog/{channel}',
        '/publish/catalog/{channel}/restore',
        '/publish/promotions/{from}/{to}',
        '/publish/retirements/{channel}',
        '/publish/pins/{channel}',
        '/publish/takedowns/{channel}',
        '/publish/revocations',
        '/publish/doctor',
      ]),
    );
  });
});
