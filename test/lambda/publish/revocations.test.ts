import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parseRevocation } from '../../../lib/api/admin-requests.ts';
import { InvalidInput } from '../../../lib/domain/problem.ts';
import { anyText } from '../../support/any-text.ts';
import { newOperation, type PublishAnswer, type PublishRig, publisher, publishRig } from '../../support/publish-rig.ts';

const now = (rig: PublishRig): number => Math.floor(rig.clock.now() / 1_000);
const day = 86_400;
const sha256 = 'ab'.repeat(32);

const send = ({ call }: PublishRig, body: object): Promise<PublishAnswer> =>
  call('POST /publish/revocations', { body: { operation: newOperation(), ...body } });
const revoke = (rig: PublishRig, body: object): Promise<PublishAnswer> => send(rig, { until: now(rig) + day, ...body });
const list = async ({ call }: PublishRig, after?: string) =>
  (await call('GET /publish/revocations', after === undefined ? {} : { query: { after } })).body;
const stored = ({ bucket }: PublishRig) => bucket.json('revoked.json').revoked as Record<string, unknown>[];

describe('POST /publish/revocations', () => {
  it.each([
    ['jti', 'a'],
    ['sub', 'ci bot'],
    ['kid', '2026/ü'],
    ['sha256', sha256],
    ['issuedBefore', 1_700_000_000],
  ])('denies by %s, and the list says so', async (kind, value) => {
    const rig = publishRig();
    const until = now(rig) + day;
    const { status, body } = await revoke(rig, { [kind]: value, reason: 'lost' });
    const entry = { [kind]: value, until, reason: 'lost', by: publisher };
    expect([status, body]).toMatchObject([200, { action: 'revoke', fresh: true, inForce: 1, revocation: entry }]);
    expect(await list(rig)).toMatchObject({ revocations: [entry] });
    expect(stored(rig)).toMatchObject([entry]);
  });

  it('writes a SHA-256 in lower case', async () => {
    const rig = publishRig();
    await revoke(rig, { sha256: sha256.toUpperCase() });
    expect(stored(rig)).toMatchObject([{ sha256 }]);
    expect((await revoke(rig, { sha256 })).body.fresh).toBe(false);
  });

  it('drops entries that have ended, and keeps what other tools wrote', async () => {
    const rig = publishRig();
    rig.bucket.putJson('revoked.json', {
      revoked: [
        { jti: 'over', until: now(rig) },
        { jti: 'still', until: now(rig) + 1 },
      ],
      note: 'by hand',
    });
    expect(await list(rig)).toEqual({ revocations: [{ jti: 'still', until: now(rig) + 1 }] });
    expect((await revoke(rig, { jti: 'new' })).body.inForce).toBe(2);
    expect(stored(rig).map(({ jti }) => jti)).toEqual(['still', 'new']);
    expect(rig.bucket.json('revoked.json').note).toBe('by hand');
  });

  it('accepts the same entry again, extends it, and never shortens it', async () => {
    const rig = publishRig();
    const until = now(rig) + 10 * day;
    await revoke(rig, { jti: 'a', until, reason: 'lost' });
    for (const sooner of [until, until - day]) {
      const { body } = await revoke(rig, { jti: 'a', until: sooner });
      expect(body).toMatchObject({ fresh: false, revocation: { until, reason: 'lost' } });
    }
    const { body } = await revoke(rig, { jti: 'a', until: until + day });
    expect(body).toMatchObject({ fresh: true, inForce: 1, revocation: { until: until + day, reason: 'lost' } });
    expect(stored(rig)).toHaveLength(1);
  });

  it('removes one entry, and no other', async () => {
    const rig = publishRig();
    await revoke(rig, { jti: 'a' });
    await revoke(rig, { sub: 'a' });
    const { body } = await send(rig, { jti: 'a', undo: true });
    expect(body).toEqual({ action: 'unrevoke', fresh: true, revocation: { jti: 'a' }, inForce: 1 });
    expect(stored(rig)).toMatchObject([{ sub: 'a' }]);
    expect((await send(rig, { jti: 'a', undo: true })).body.fresh).toBe(false);
  });

  it('answers a repeat from the history, and a late repeat revokes nothing again', async () => {
    const rig = publishRig();
    const operation = newOperation();
    const first = await revoke(rig, { operation, jti: 'a' });
    expect(await revoke(rig, { operation, jti: 'a' })).toEqual(first);
    await send(rig, { jti: 'a', undo: true });
    expect((await revoke(rig, { operation, jti: 'a' })).body).toMatchObject({ fresh: true, inForce: 0 });
    expect(stored(rig)).toEqual([]);
  });

  it.each([
    ['another value', { jti: 'b' }],
    ['another kind', { sub: 'a' }],
    ['taking it back', { jti: 'a', undo: true, until: undefined }],
  ])('refuses an operation that is repeated with %s', async (_, body) => {
    const rig = publishRig();
    const operation = newOperation();
    await revoke(rig, { operation, jti: 'a' });
    const answer = await revoke(rig, { operation, ...body });
    expect(answer).toMatchObject({ status: 409, body: { code: 'operation-used' } });
  });

  it('refuses more than 4,000 entries in force, and says what to do', async () => {
    const rig = publishRig();
    const revoked = Array.from({ length: 4_000 }, (_, index) => ({ jti: `t${index}`, until: now(rig) + day }));
    rig.bucket.putJson('revoked.json', { revoked });
    const full = await revoke(rig, { jti: 'more' });
    expect(full).toMatchObject({ status: 409, body: { code: 'list-full', detail: expect.stringContaining('--kid') } });
    expect((await revoke(rig, { jti: 't7', until: now(rig) + 2 * day })).body.fresh).toBe(true);
    expect((await send(rig, { jti: 't8', undo: true })).status).toBe(200);
    expect((await revoke(rig, { jti: 'more' })).status).toBe(200);
    expect(stored(rig)).toHaveLength(4_000);
  });

  it.each(['{', '[]', '{"revoked": {}}', '{"revoked": [{"jti": "s3cret"}]}', '{"revoked": [{"until": 1}]}'])(
    'does not write over a damaged list: %s',
    async (text) => {
      const rig = publishRig();
      rig.bucket.put('revoked.json', text);
      for (const answer of [await revoke(rig, { jti: 'a' }), await rig.call('GET /publish/revocations')]) {
        expect(answer).toMatchObject({ status: 409, body: { code: 'damaged' } });
        expect(answer.body.detail).toContain('restore its last good version');
        expect(answer.body.detail).not.toContain('s3cret');
      }
      expect(rig.bucket.objects.get('revoked.json')?.text).toBe(text);
    },
  );

  it('writes nothing in a dry run', async () => {
    const rig = publishRig();
    expect((await revoke(rig, { jti: 'a', dryRun: true })).body).toMatchObject({ fresh: true, inForce: 1 });
    expect(rig.bucket.objects.size).toBe(0);
    expect(rig.lines).toEqual([]);
  });

  it('logs who revoked which token', async () => {
    const rig = publishRig();
    await revoke(rig, { operation: 'operation-x', kid: 'old', reason: 'leaked' });
    await send(rig, { operation: 'operation-y', kid: 'old', undo: true });
    const said = { level: 'info', kind: 'kid', value: 'old', by: publisher, requestId: 'request-1' };
    expect(rig.lines).toEqual([
      { ...said, message: 'revoked', until: now(rig) + day, reason: 'leaked', operation: 'operation-x' },
      { ...said, message: 'unrevoked', operation: 'operation-y' },
    ]);
  });
});

describe('an invalid revocation', () => {
  it.each<[string, object]>([
    ['body', {}],
    ['body', { jti: 'a', sub: 'b' }],
    ['jti', { jti: '' }],
    ['jti', { jti: 'a'.repeat(1_025) }],
    ['jti', { jti: 'a\nb' }],
    ['sub', { sub: '\u0000' }],
    ['sub', { sub: 7 }],
    ['kid', { kid: '\u009b' }],
    ['sha256', { sha256: 'ab' }],
    ['sha256', { sha256: 'x'.repeat(64) }],
    ['issuedBefore', { issuedBefore: '2026-01-01' }],
    ['issuedBefore', { issuedBefore: -1 }],
    ['issuedBefore', { issuedBefore: 1.5 }],
    ['issuedBefore', { issuedBefore: 1_767_225_600_000 }],
    ['until', { jti: 'a', until: undefined }],
    ['until', { jti: 'a', until: 1 }],
    ['until', { jti: 'a', until: 1_900_000_000_000 }],
    ['until', { jti: 'a', until: 'tomorrow' }],
    ['until', { jti: 'a', undo: true }],
    ['reason', { jti: 'a', undo: true, until: undefined, reason: 'x' }],
    ['reason', { jti: 'a', reason: 'two\nlines' }],
    ['token', { token: 'a.b.c' }],
  ])('is refused with the name of the field %s: %j', async (field, body) => {
    const rig = publishRig();
    expect(await revoke(rig, body)).toMatchObject({ status: 400, body: { code: 'invalid-input', field } });
    expect(rig.bucket.calls).toEqual([]);
  });

  it('is always refused as invalid input', () => {
    const odd = fc.oneof(fc.anything({ maxDepth: 1 }), fc.constantFrom('a', 1_900_000_000, true));
    const fields = ['operation', 'jti', 'sub', 'kid', 'sha256', 'issuedBefore', 'until', 'reason', 'undo', '__proto__'];
    const body = fc
      .dictionary(fc.constantFrom(...fields), odd)
      .map((sent) =>
        JSON.stringify({ operation: 'operation-a', ...sent }, (_, one) => (typeof one === 'bigint' ? 1 : one)),
      );
    fc.assert(
      fc.property(fc.oneof(body, fc.json(), anyText()), (text) => {
        try {
          parseRevocation(text);
        } catch (error) {
          expect(error).toBeInstanceOf(InvalidInput);
        }
      }),
      { seed: 52, numRuns: 500 },
    );
  });
});

describe('GET /publish/revocations', () => {
  it('is empty where nothing is revoked', async () => {
    expect(await list(publishRig())).toEqual({ revocations: [] });
  });

  it.each([
    ['adds', true, 0],
    ['adds and takes back', false, 3],
  ])('is paged from the newest entry, and skips nothing while another request %s entries', async (_, exact, taken) => {
    const rig = publishRig();
    const revoked = Array.from({ length: 1_200 }, (_, index) => ({ jti: `t${index}`, until: now(rig) + day }));
    rig.bucket.putJson('revoked.json', { revoked });
    const seen: string[] = [];
    for (let after: string | undefined, pages = 0; (pages === 0 || after !== undefined) && pages < 9; pages += 1) {
      const { revocations, next } = await list(rig, after);
      expect(revocations.length).toBeLessThanOrEqual(500);
      seen.push(...revocations.map(({ jti }: { jti: string }) => jti));
      after = next;
      await revoke(rig, { jti: `new${pages}` });
      if (pages < taken) await send(rig, { jti: `t${pages}`, undo: true });
    }
    const kept = revoked
      .map(({ jti }) => jti)
      .slice(taken)
      .reverse();
    expect(exact ? seen : kept.filter((jti) => !seen.includes(jti))).toEqual(exact ? kept : []);
  });

  it.each(['', 'x', '-1', '1.5', '9'.repeat(30)])('refuses %j as the position of a page', async (after) => {
    expect((await publishRig().call('GET /publish/revocations', { query: { after } })).status).toBe(400);
  });
});
