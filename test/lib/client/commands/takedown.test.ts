import { describe, expect, it } from '@jest/globals';
import type { Exchange, ExchangeResult } from '../../../../lib/client/api/http.ts';
import { exitCodes } from '../../../../lib/client/exit-codes.ts';
import { apiSend } from '../../../support/api-send.ts';
import { commandRig } from '../../../support/command-rig.ts';
import { newOperation, publishRig } from '../../../support/publish-rig.ts';

const distributionId = 'EDFDVBD6EXAMPLE';
const created: ExchangeResult = { status: 201, body: '<Invalidation><Id>I1</Id></Invalidation>' };
const denied: ExchangeResult = {
  status: 403,
  body: '<ErrorResponse><Error><Code>AccessDenied</Code><Message>not you</Message></Error></ErrorResponse>',
};
const byHand = `aws cloudfront create-invalidation --distribution-id ${distributionId} --paths '/demo-2.tar.xz'`;

/** A service with delivery by CloudFront, and what the command asked of S3 and CloudFront. */
async function rig(cloudFront: ExchangeResult, deletion: ExchangeResult = { status: 204, body: '' }, id?: string) {
  const publishing = publishRig(undefined, undefined, undefined, undefined, { distributionId: id ?? distributionId });
  await publishing.add('demo');
  for (const release of ['demo-1', 'demo-2']) await publishing.publish({ release });
  const api = apiSend(publishing);
  const asked: string[] = [];
  const send = async (exchange: Exchange): Promise<ExchangeResult> => {
    const { method, url } = exchange;
    if (url.hostname === 'api.test') return api.send(exchange);
    asked.push(`${method} ${url.hostname}${url.pathname}`);
    if (url.hostname === 'cloudfront.amazonaws.com') return cloudFront;
    if (url.searchParams.has('versions'))
      return { status: 200, body: '<Version><Key>demo-2.tar.xz</Key><VersionId>v1</VersionId></Version>' };
    return method === 'DELETE' ? deletion : { status: 404, body: '' };
  };
  const { run } = commandRig({ operation: newOperation, send }, publishing);
  const takeDown = (...flags: string[]) => run('takedown', 'demo', 'demo-2', '--reason', 'law', '--yes', ...flags);
  return { asked, takeDown };
}

const bucketHost = 'the-bucket.s3.eu-central-1.amazonaws.com';
const invalidated = `POST cloudfront.amazonaws.com/2020-05-31/distribution/${distributionId}/invalidation`;

describe('channelctl takedown, with delivery by CloudFront', () => {
  it('deletes the object first, and then has CloudFront remove it from its caches', async () => {
    const { asked, takeDown } = await rig(created);
    const { code, out } = await takeDown();
    expect(code).toBe(exitCodes.done);
    expect(asked).toEqual([`GET ${bucketHost}/`, `DELETE ${bucketHost}/demo-2.tar.xz`, invalidated]);
    expect(out).toContain(
      `deleted 1 version of "demo-2.tar.xz" from the bucket "the-bucket"\ntold the CloudFront distribution ${distributionId} to remove "/demo-2.tar.xz" from its caches, which takes minutes (invalidation I1)\n`,
    );
    expect(JSON.parse((await takeDown('--json')).out)).toMatchObject({
      deletion: { deleted: 1 },
      invalidation: { distributionId, paths: ['/demo-2.tar.xz'], id: 'I1' },
    });
  });

  it('reports the deletion where the invalidation fails, with a command for it', async () => {
    const { takeDown } = await rig(denied);
    const { code, out } = await takeDown();
    expect(code).toBe(exitCodes.noAccess);
    expect(out).toContain('deleted 1 version of "demo-2.tar.xz"');
    expect(out).toMatch(/^The caches of CloudFront still have it: .*: not you \(403\)\. .*$/m);
    expect(out).toContain(`or with --role. Or run: ${byHand}\n`);
    const { invalidation } = JSON.parse((await takeDown('--json')).out);
    expect(invalidation).toMatchObject({ command: byHand, problem: expect.stringContaining('not you') });
    expect(invalidation).not.toHaveProperty('id');
  });

  it.each([
    [{ status: 404, body: '' }, exitCodes.notFound],
    [{ status: 503, body: '' }, exitCodes.unavailable],
    [{ status: 400, body: '' }, exitCodes.refused],
  ])('ends with the exit code of the failure: %j', async (answer, code) => {
    expect((await (await rig(answer)).takeDown()).code).toBe(code);
  });

  it('clears the caches of an object that stays, and ends as a deletion that failed', async () => {
    for (const answer of [created, { status: 503, body: '' }]) {
      const { asked, takeDown } = await rig(answer, { status: 403, body: '<Message>locked</Message>' });
      expect((await takeDown()).code).toBe(exitCodes.noAccess);
      expect(asked).toContain(invalidated);
    }
  });

  it('leaves the caches alone with --keep-object, and says so', async () => {
    const { asked, takeDown } = await rig(created);
    const { code, out } = await takeDown('--keep-object');
    expect([code, asked]).toEqual([exitCodes.done, []]);
    expect(out).toContain('was not deleted, nor removed from the caches of CloudFront.\n');
  });

  it('names the invalidation in a dry run, and asks for none', async () => {
    const { asked, takeDown } = await rig(created);
    expect((await takeDown('--dry-run')).out).toBe(
      `dry run, nothing was changed: would take down demo-2 of demo; afterwards\ndemo points to demo-1\nthe CloudFront distribution ${distributionId} is told to remove "/demo-2.tar.xz" from its caches\n`,
    );
    expect((await takeDown('--dry-run', '--keep-object')).out).not.toContain('CloudFront');
    expect(asked).toEqual([]);
  });

  it('shows no line of its own, and no command, of a service or a CloudFront that lies', async () => {
    const hostile: ExchangeResult = { status: 403, body: '<Message>x\n::error::y\x1b[2J\u202e</Message>' };
    const { out } = await (await rig(hostile)).takeDown();
    expect(out).toContain('x\\u000a::error::y\\u001b[2J\\u202e (403)');
    const { asked, takeDown } = await rig(created, undefined, "E1'; reboot; '\n");
    const answer = await takeDown();
    expect(answer.code).toBe(exitCodes.refused);
    expect(answer.out).not.toMatch(/aws cloudfront|reboot/);
    expect(asked).not.toContain(invalidated);
  });
});
