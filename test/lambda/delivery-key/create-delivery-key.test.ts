import { createPrivateKey, createPublicKey, sign, verify } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import type { CloudFormationCustomResourceEvent } from 'aws-lambda';
import fc from 'fast-check';
import { createDeliveryKey } from '../../../lambda/delivery-key/create-delivery-key.ts';

const arn = 'arn:aws:secretsmanager:eu-central-1:111122223333:secret:DeliveryKey-AbC123';

const requests = ['Create', 'Update', 'Delete'] as const;

const event = (
  RequestType: (typeof requests)[number],
  changes: Readonly<Record<string, unknown>> = {},
): CloudFormationCustomResourceEvent =>
  ({
    RequestType,
    RequestId: 'a0b1c2d3-0000-4000-8000-000000000001',
    ResponseURL: 'https://cloudformation-custom-resource-response.example/answer?X-Amz-Signature=s',
    StackId: 'arn:aws:cloudformation:eu-central-1:111122223333:stack/NixChannelStack/1',
    LogicalResourceId: 'DeliveryKeysMadefirst',
    ResourceType: 'Custom::DeliveryKey',
    ServiceToken: 'arn:aws:lambda:eu-central-1:111122223333:function:KeyMaker',
    ResourceProperties: { ServiceToken: 'x', SecretArn: arn },
    ...(RequestType === 'Create' ? {} : { PhysicalResourceId: arn, OldResourceProperties: {} }),
    ...changes,
  }) as CloudFormationCustomResourceEvent;

interface Answer {
  readonly Status: 'SUCCESS' | 'FAILED';
  readonly Reason?: string;
  readonly PhysicalResourceId: string;
  readonly StackId: string;
  readonly RequestId: string;
  readonly LogicalResourceId: string;
  readonly Data?: { readonly PublicKey: string };
}

/** The function with a secret in memory, where `before` runs before each access. */
function rig(before: (access: 'read' | 'create', rig: { value: string | undefined }) => void = () => undefined) {
  const lines: string[] = [];
  const answers: Answer[] = [];
  const tokens: string[] = [];
  const pauses: number[] = [];
  const kept = { value: undefined as string | undefined, status: 200, answers, tokens, lines, pauses };
  const handler = createDeliveryKey({
    openSecret: () => ({
      async read() {
        before('read', kept);
        return kept.value;
      },
      async create(value, token) {
        before('create', kept);
        tokens.push(token);
        if (kept.value !== undefined) return false;
        kept.value = value;
        return true;
      },
    }),
    async put(_url, body) {
      answers.push(JSON.parse(body));
      expect(Buffer.byteLength(body)).toBeLessThan(4_096);
      return { status: kept.status };
    },
    async sleep(milliseconds) {
      pauses.push(milliseconds);
    },
    log: (level, message, fields) => void lines.push(JSON.stringify({ level, message, ...fields })),
  });
  return Object.assign(kept, { handler });
}

const publicKeyOf = (text: string | undefined): string =>
  createPublicKey(createPrivateKey(text ?? ''))
    .export({ type: 'spki', format: 'pem' })
    .toString();

describe('createDeliveryKey', () => {
  it('makes a P-256 key, keeps the private key in the secret, and answers with the public key', async () => {
    const made = rig();
    await made.handler(event('Create'));
    const [answer] = made.answers;
    const { PublicKey = '' } = answer?.Data ?? {};

    expect(answer).toEqual({
      Status: 'SUCCESS',
      PhysicalResourceId: arn,
      StackId: event('Create').StackId,
      RequestId: event('Create').RequestId,
      LogicalResourceId: 'DeliveryKeysMadefirst',
      Data: { PublicKey: publicKeyOf(made.value) },
    });
    expect(made.value).toMatch(/^-----BEGIN PRIVATE KEY-----\n/);
    expect(createPublicKey(PublicKey).asymmetricKeyDetails).toEqual({ namedCurve: 'prime256v1' });
    expect(verify('sha256', Buffer.from('x'), PublicKey, sign('sha256', Buffer.from('x'), made.value ?? ''))).toBe(
      true,
    );
    expect(made.tokens).toEqual([event('Create').RequestId]);
  });

  it('keeps the key for each repeat, update and other request', async () => {
    const made = rig();
    for (const type of ['Create', 'Create', 'Update'] as const) await made.handler(event(type));
    await made.handler(event('Create', { RequestId: 'a0b1c2d3-0000-4000-8000-000000000002' }));

    expect(new Set(made.answers.map(({ Data }) => Data?.PublicKey)).size).toBe(1);
    expect(made.answers).toHaveLength(4);
    expect(made.tokens).toHaveLength(1);
  });

  it('answers with the key of a repeat that was faster', async () => {
    const other = rig();
    await other.handler(event('Create'));
    const made = rig((access, kept) => {
      if (access === 'create') kept.value = other.value;
    });
    await made.handler(event('Create'));

    expect(made.answers[0]?.Data).toEqual(other.answers[0]?.Data);
  });

  it('tries again while the role is not known everywhere yet, and says why it waits', async () => {
    let refusals = 3;
    const made = rig(() => {
      refusals -= 1;
      if (refusals >= 0) throw new Error('Secrets Manager answered 400 to GetSecretValue: AccessDeniedException');
    });
    await made.handler(event('Create'));

    expect(made.answers).toMatchObject([{ Status: 'SUCCESS' }]);
    expect(made.pauses).toEqual([4_000, 4_000, 4_000]);
    expect(made.lines.filter((line) => line.includes('AccessDeniedException'))).toHaveLength(3);
  });

  it('gives up after five attempts, which are over long before Lambda or CloudFormation stops waiting', async () => {
    const made = rig(() => {
      throw new Error('AccessDeniedException');
    });
    await made.handler(event('Create'));

    expect(made.answers).toMatchObject([{ Status: 'FAILED' }]);
    expect(made.pauses.reduce((sum, pause) => sum + pause)).toBeLessThan(30_000);
  });

  it('deletes nothing, and needs no secret for it', async () => {
    const made = rig(() => {
      throw new Error('not to be asked');
    });
    await made.handler(event('Delete', { PhysicalResourceId: 'whatever a failed creation left' }));

    expect(made.answers).toMatchObject([
      {
        Status: 'SUCCESS',
        PhysicalResourceId: 'whatever a failed creation left',
        RequestId: event('Delete').RequestId,
      },
    ]);
  });

  it.each([
    [
      'Secrets Manager refuses',
      () =>
        rig(() => {
          throw new Error('Secrets Manager answered 400: AccessDeniedException');
        }),
      {},
      'AccessDeniedException',
    ],
    [
      'the property is missing',
      rig,
      { ResourceProperties: { ServiceToken: 'x' } },
      'The property SecretArn is missing',
    ],
  ])('fails with the reason if %s', async (_, start, changes, reason) => {
    const made = start();
    await made.handler(event('Create', changes));

    expect(made.answers).toMatchObject([{ Status: 'FAILED', Reason: expect.stringContaining(reason) }]);
    expect(made.answers[0]?.PhysicalResourceId).toMatch(/./);
    expect(made.answers[0]).not.toHaveProperty('Data');
    expect(made.lines.join()).toContain(reason);
  });

  it('refuses a secret with anything else, and says nothing of it anywhere', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ minLength: 12, unit: 'grapheme-ascii' }), async (value) => {
        const made = rig();
        made.value = value;
        await made.handler(event('Update'));

        expect(made.value).toBe(value);
        expect(made.answers).toMatchObject([
          { Status: 'FAILED', PhysicalResourceId: arn, Reason: expect.stringContaining('deliveryKeys') },
        ]);
        expect(made.answers[0]?.Reason).not.toContain(value);
        expect(made.lines.join()).not.toContain(value);
      }),
      { numRuns: 50 },
    );
  });

  it('never logs or answers with the private key', async () => {
    const made = rig();
    for (const type of requests) await made.handler(event(type));
    const secret = (made.value ?? '').split('\n').filter((line) => line !== '' && !line.startsWith('--'));

    expect(secret.length).toBeGreaterThan(1);
    for (const line of secret) expect(JSON.stringify([made.answers, made.lines])).not.toContain(line);
    expect(made.lines.join()).not.toContain('X-Amz-Signature');
  });

  it('throws if CloudFormation did not take the answer, so that Lambda repeats the request', async () => {
    const made = rig();
    made.status = 403;
    const answered = made.handler(event('Create'));

    await expect(answered).rejects.toThrow(/^CloudFormation's URL for the answer answered 403$/);
    expect(made.value).toBeDefined();
  });
});
