import type { Ask, NoAnswer } from './ask.ts';
import { type ReaderFinding, readerFinding } from './reader-finding.ts';
import { unreachable } from './unreachable.ts';

export interface PermanentCheck {
  readonly findings: readonly ReaderFinding[];
  /** Where the bytes come from. */
  readonly bucket?: URL;
  /** How many there are, where the bucket said so. */
  readonly size?: number | undefined;
}

export interface PermanentOptions {
  readonly ask: Ask;
  /** The credentials for an address of the service, if there are any. */
  readonly authorize: (url: URL) => Readonly<Record<string, string>>;
}

const isMissing = (answer: object): answer is NoAnswer => 'code' in answer;

/** S3 names its reason in XML. */
const reasonOf = (text: string): string => /<Code>([A-Za-z]{1,60})<\/Code>/.exec(text)?.[1] ?? '';

/** Whether the bucket hands out a byte to a presigned request, which carries no credentials of ours. */
async function checkBucket(subject: string, bucket: URL, { ask }: PermanentOptions): Promise<PermanentCheck> {
  const answer = await ask('GET', bucket, { range: 'bytes=0-0' });
  if (isMissing(answer)) return { findings: [unreachable('bucket-broken', bucket, answer)], bucket };
  if (answer.status === 206 || answer.status === 200) return { findings: [], bucket, size: answer.wholeSize };
  const reason = reasonOf(answer.text);
  const findings = [
    readerFinding(
      'bucket-broken',
      subject,
      `The bucket at ${bucket.host} refuses its bytes: ${answer.status}${reason === '' ? '' : ` ${reason}`}.`,
      'If proxies or firewalls let this machine reach the bucket, it is for the operator: channelctl doctor bucket.',
    ),
  ];
  return { findings, bucket };
}

/** Whether a permanent URL leads to its bytes, as npins asks (HEAD) and as Nix does. @param subject whose URL it is */
export async function checkPermanent(subject: string, url: URL, options: PermanentOptions): Promise<PermanentCheck> {
  const { ask, authorize } = options;
  const head = await ask('HEAD', url, authorize(url));
  if (isMissing(head)) return { findings: [unreachable('permanent-broken', url, head)] };
  const led = await ask('GET', url, authorize(url));
  if (isMissing(led)) return { findings: [unreachable('permanent-broken', url, led)] };
  const { location } = led;
  const bucket = location !== undefined && URL.canParse(location, url.href) ? new URL(location, url) : undefined;
  if (head.status !== 200 || led.status !== 307 || bucket === undefined) {
    const means = `${url.pathname} answers ${head.status} to HEAD and ${led.status} to GET${led.status < 400 ? '' : `: ${led.text.slice(0, 300)}`}`;
    const fix =
      led.status === 404 || led.status === 401
        ? 'Whoever has it locked cannot fetch it: get a token that opens its channel; if the release is gone, "nix flake update" moves the lock.'
        : 'Try again; if it stays so, tell the operator.';
    return { findings: [readerFinding('permanent-broken', subject, means, fix)] };
  }
  return checkBucket(subject, bucket, options);
}
