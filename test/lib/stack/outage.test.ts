import { describe, expect, it } from '@jest/globals';
import type { JwtSettings } from '../../../lambda/auth/jwt-settings.ts';
import { alarmStates } from '../../picture/alarm-states.ts';
import { awsData, emfData } from '../../picture/emf-data.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { away, MemoryBucket } from '../../support/memory-bucket.ts';
import { serveRig } from '../../support/serve-rig.ts';
import { SynthesizedStack } from '../../support/synth-stack.ts';
import { basic, newKey, token } from '../../support/tokens.ts';

const alarms = new SynthesizedStack({ stackName: 'Test' }).resources('AWS::CloudWatch::Alarm');
const key = newKey('EdDSA');
const begin = new FakeClock().now();
const minute = 60_000;
const outage = { begin: begin + 11 * minute, end: begin + 50 * minute };
const authorization = basic(token(key, { exp: begin / 1_000 + 86_400 }));

/** The alarms that were on at some time during 90 minutes in which S3 failed for 39 minutes, and those at the end. */
async function alarmsOf(jwt: JwtSettings | undefined, everySeconds: number): Promise<[string[], string[]]> {
  const bucket = new MemoryBucket();
  bucket.putJson('channels.json', { channels: ['demo', 'open'], public: ['open'] });
  for (const channel of ['demo', 'open']) bucket.putJson(`${channel}.json`, { latest: `${channel}-1` });
  const { get, clock, requests } = serveRig({ bucket, ...(jwt === undefined ? {} : { jwt }) });
  bucket.fault = () => {
    if (clock.now() >= outage.begin && clock.now() < outage.end) throw away();
  };
  const end = begin + 90 * minute;
  while (clock.now() < end) {
    for (const channel of ['demo', 'open']) await get(`/channel/${channel}.tar.xz`, { authorization });
    clock.advance(everySeconds * 1_000);
  }
  const data = requests.flatMap((line) => {
    const { Timestamp: time } = line._aws as { Timestamp: number };
    return [...emfData(line), ...awsData([{ ...line, time }])];
  });
  const on = (wanted: (states: readonly boolean[]) => boolean | undefined): string[] =>
    alarms
      .filter(({ Properties }) => ['StaleAnswers', '5xx'].includes(String(Properties.MetricName)))
      .filter(({ Properties }) =>
        wanted(alarmStates({ ...Properties, ...dimensionsOf(Properties) }, data, { begin, end })),
      )
      .map(({ Properties }) => /"(\w+)"\.$/.exec(String(Properties.AlarmDescription))?.[1] ?? '');
  return [on((states) => states.includes(true)), on((states) => states.at(-1))];
}

/** The metrics of API Gateway have the API's id as their dimension. */
const dimensionsOf = ({ MetricName, Dimensions }: Readonly<Record<string, unknown>>): object =>
  MetricName === '5xx' ? { Dimensions: [{ Name: 'ApiId', Value: '<ChannelApi>' }] } : { Dimensions };

describe('an outage of S3', () => {
  const jwt: JwtSettings = { keys: { pems: [key.pem], defaultScope: 'all' }, leewaySeconds: 30 };

  it.each<[string, JwtSettings | undefined, number, string[]]>([
    ['channels are public and there are many readers', undefined, 10, ['StaleAnswers']],
    ['channels are public and there are few readers', undefined, 400, ['StaleAnswers']],
    ['tokens are required and there are many readers', jwt, 10, ['ServerErrors', 'RepeatedErrors', 'StaleAnswers']],
    ['tokens are required and there are few readers', jwt, 400, ['RepeatedErrors']],
  ])('turns alarms on, and off again at its end, if %s', async (_, settings, everySeconds, expected) => {
    const [during, after] = await alarmsOf(settings, everySeconds);
    expect(during).toEqual(expected);
    expect(after).toEqual([]);
  });
});
