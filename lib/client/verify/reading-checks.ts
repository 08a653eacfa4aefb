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
    name: 'a range by the presigned URL',
    expected: '307, then 206',
    run: async (deployment) => {
      const answer = await read(deployment, permanentPath(deployment));
      const location = headerOf(answer, 'location');
      if (location === undefined) return seen(false, answer.status);
      const { status } = await deployment.ask({
        method: 'GET',
        url: new URL(location),
        headers: { range: 'bytes=0-0' },
      });
      return seen(answer.status === 307 && status === 206, `${answer.status}, then ${status}`);
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
