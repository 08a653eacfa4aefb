import { type Answer, type Check, type DeploymentUnderTest, headerOf, seen, skipped } from './deployment.ts';

const pollMs = 5_000;

const once = (
  { ask, readers, readerHeaders }: DeploymentUnderTest,
  path: string,
  method = 'GET',
  headers = {},
): Promise<Answer> => ask({ method, url: new URL(readers + path), headers: { ...readerHeaders, ...headers } });

/** Each sandbox of the function sees what was published within its own maximum age. */
async function read(deployment: DeploymentUnderTest, path: string, method?: string, headers?: object): Promise<Answer> {
  for (let waited = 0; ; waited += pollMs) {
    const answer = await once(deployment, path, method, headers);
    if (![401, 404].includes(answer.status) || waited >= deployment.patienceMs) return answer;
    await deployment.publish.sleep(pollMs);
  }
}

const channelPath = ({ channel }: DeploymentUnderTest): string => `/channel/${channel}.tar.xz`;
const permanentPath = ({ channel }: DeploymentUnderTest): string => `/permanent/${channel}-1.tar.xz`;

/** Where the release is downloaded from. */
async function downloadUrl(deployment: DeploymentUnderTest): Promise<URL> {
  const answer = await read(deployment, permanentPath(deployment));
  const location = headerOf(answer, 'location');
  if (answer.status === 307 && location !== undefined && URL.canParse(location)) return new URL(location);
  throw new Error(
    `The permanent URL answers ${answer.status}, and has ${location === undefined ? 'no' : 'a wrong'} Location.`,
  );
}

/** Whether a URL is signed for CloudFront, and not for S3. */
const isDelivered = ({ searchParams }: URL): boolean => searchParams.has('Key-Pair-Id');

/** The names of headers as sent, or that they are missing. */
const namesOf = ({ headers }: Answer, names: readonly string[]): string =>
  names.map((name) => headers.find(([one]) => one.toLowerCase() === name)?.[0] ?? `no ${name}`).join(', ');

/** That the gateway passes on what Nix relies on. */
export const readingChecks: readonly Check[] = [
  {
    name: 'GET of the channel',
    expected: '307 with Location and Link',
    run: async (deployment) => {
      const answer = await read(deployment, channelPath(deployment));
      const [location, link = ''] = [headerOf(answer, 'location'), headerOf(answer, 'link')];
      const ok =
        location === deployment.readers + permanentPath(deployment) &&
        /^<[^>]+narHash=[^>]+>; rel="immutable"$/.test(link);
      const what = `${answer.status}, ${namesOf(answer, ['location', 'link'])}`;
      return seen(answer.status === 307 && ok, ok ? what : `${what}: ${location} ${link}`);
    },
  },
  {
    name: 'HEAD of the channel',
    expected: '307 with Location',
    run: async (deployment) => {
      const answer = await read(deployment, channelPath(deployment), 'HEAD');
      return seen(answer.status === 307 && headerOf(answer, 'location') !== undefined, answer.status);
    },
  },
  {
    name: 'HEAD of the release',
    expected: "200 with ETag, Content-Length, Accept-Ranges and the channel's Link",
    run: async (deployment) => {
      const link = headerOf(await read(deployment, channelPath(deployment)), 'link');
      const answer = await read(deployment, permanentPath(deployment), 'HEAD');
      const names = ['etag', 'content-length', 'accept-ranges', 'link'];
      const ok =
        names.every((name) => headerOf(answer, name) !== undefined) &&
        headerOf(answer, 'content-length') !== '0' &&
        headerOf(answer, 'link') === link;
      return seen(answer.status === 200 && ok, `${answer.status}, ${namesOf(answer, names)}`);
    },
  },
  {
    name: 'GET of the channel with the entity tag',
    expected: '304',
    run: async (deployment) => {
      const etag = headerOf(await read(deployment, permanentPath(deployment), 'HEAD'), 'etag') ?? '';
      const { status } = await read(deployment, channelPath(deployment), 'GET', { 'if-none-match': etag });
      return seen(status === 304, status);
    },
  },
  {
    name: 'where a release is downloaded from',
    expected: "the stack's DeliveryUrl, or the bucket without one",
    run: async (deployment) => {
      const url = await downloadUrl(deployment);
      const expected = deployment.outputs?.DeliveryUrl;
      const ok =
        expected === undefined ? deployment.outputs === undefined || !isDelivered(url) : url.origin === expected;
      return seen(ok, `${url.origin}, ${isDelivered(url) ? 'signed for CloudFront' : 'presigned'}`);
    },
  },
  {
    name: 'a download by the signed URL, and a range of it',
    expected: '200, then 206',
    run: async (deployment) => {
      const url = await downloadUrl(deployment);
      const whole = await deployment.ask({ method: 'GET', url });
      const range = await deployment.ask({ method: 'GET', url, headers: { range: 'bytes=0-0' } });
      return seen(whole.status === 200 && range.status === 206, `${whole.status}, then ${range.status}`);
    },
  },
  {
    name: 'a download without the signature',
    expected: '403',
    run: async (deployment) => {
      const url = await downloadUrl(deployment);
      url.search = '';
      const { status } = await deployment.ask({ method: 'GET', url });
      return seen(status === 403, status);
    },
  },
  {
    name: "a record with a release's signature",
    expected: '403',
    run: async (deployment) => {
      const url = await downloadUrl(deployment);
      url.pathname = url.pathname.replace(/[^/]+$/, `${deployment.channel}.json`);
      const { status } = await deployment.ask({ method: 'GET', url });
      return seen(status === 403, status);
    },
  },
  {
    name: "a download with a reader's credentials, as by a netrc file with a default entry",
    expected: '200 from CloudFront',
    run: async (deployment) => {
      const url = await downloadUrl(deployment);
      if (!isDelivered(url)) return skipped('skipped: S3 refuses a presigned URL with credentials');
      const headers = { authorization: 'Basic dmVyaWZ5OmRlcGxveW1lbnQ=' };
      const { status } = await deployment.ask({ method: 'GET', url, headers });
      return seen(status === 200, status);
    },
  },
  {
    name: 'a release with an encoded +',
    expected: '404 that names "verify+plus"',
    run: async (deployment) => {
      const { status, body } = await once(deployment, '/permanent/verify%2Bplus.tar.xz');
      if (status === 401) return skipped('401: needs a token in CHANNEL_TOKEN');
      return seen(status === 404 && body.includes('verify+plus'), `${status} ${body.trim()}`);
    },
  },
  {
    name: 'the name of the header WWW-Authenticate',
    expected: '401, with any name',
    run: async ({ ask, readers }) => {
      const answer = await ask({ method: 'GET', url: new URL(`${readers}/channel/verify-private.tar.xz`) });
      if (answer.status !== 401) return skipped(`reading is open (${answer.status})`);
      const name = answer.headers.find(([one]) => /www-authenticate$/i.test(one))?.[0];
      return seen(true, `401, ${name ?? 'no such header'}`);
    },
  },
];
