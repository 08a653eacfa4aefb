import type { ChannelDocument } from '../../api/reading.ts';
import { assertExistingChannel, isReadableChannel, tarballFormatOf } from '../../domain/names.ts';
import { InvalidInput, NotFound } from '../../domain/problem.ts';
import type { Send } from '../api/http.ts';
import type { ProgramOptions } from '../commands/context.ts';
import { ReaderApi, readerCredentials } from './reader-api.ts';
import { isUrl, namesIn, parseReaderUrl } from './reader-url.ts';

/** Which service is meant, and with which netrc file. */
export interface ServiceFlags {
  readonly url?: string;
  readonly netrc?: string;
}

type Options = Pick<ProgramOptions, 'environment' | 'send' | 'sleep' | 'now'> & {
  readonly note: (sentence: string) => void;
};

/**
 * Sends with the certificates that Nix trusts as well, from the first time that Node's own are not enough: a service in a
 * company often has one of its own. Nothing was sent by then.
 */
export function trustingSend(send: Send, environment: Options['environment']): Send {
  let authorities: readonly string[] | undefined;
  return async (exchange) => {
    try {
      return await send({ ...exchange, authorities });
    } catch (error) {
      const { isCertificate, findCertificates } = await import('./ask.ts');
      if (authorities !== undefined || !isCertificate((error as { code?: string }).code ?? '')) throw error;
      authorities = await findCertificates(environment);
      if (authorities === undefined) throw error;
      return send({ ...exchange, authorities });
    }
  };
}

interface ChannelReference {
  readonly api: ReaderApi;
  /** Those that may be meant, the longest first. */
  readonly names: readonly string[];
  /** What stands behind `/channel/` in its URL; undefined where only its name was given. */
  readonly file?: string;
}

/** The JSON pages of the service that a URL, `--url` or the environment names. */
export async function readerApi(options: Options, flags: ServiceFlags, given?: string): Promise<ReaderApi> {
  const { environment, send, sleep, now, note } = options;
  const text = given ?? flags.url ?? environment.CHANNELCTL_URL;
  if (!text)
    throw new InvalidInput('url', 'Which service? Give the URL of the channel, or --url, or set CHANNELCTL_URL.');
  const { base } = parseReaderUrl(text);
  const credentials = await readerCredentials(base, environment, flags.netrc);
  return new ReaderApi({ base, credentials, send: trustingSend(send, environment), environment, sleep, now, note });
}

/** A channel by its name or its URL. */
async function referTo(options: Options, flags: ServiceFlags, channel: string): Promise<ChannelReference> {
  if (!isUrl(channel)) {
    assertExistingChannel(channel);
    return { api: await readerApi(options, flags), names: [channel] };
  }
  const { file, base, isPermanent } = parseReaderUrl(channel);
  if (file === undefined)
    throw new InvalidInput(
      'channel',
      `The URL is ${isPermanent ? 'that of a release' : 'not that of a channel'}: give one such as ${base}/channel/nixos-25.05.`,
    );
  const format = tarballFormatOf(file);
  const names = (format === undefined ? namesIn(file) : [file.slice(0, -format.length)])
    .filter(isReadableChannel)
    .sort((one, other) => other.length - one.length);
  if (names.length === 0) assertExistingChannel(file);
  return { api: await readerApi(options, flags, channel), names, file };
}

export interface FoundChannel {
  readonly api: ReaderApi;
  /** Its first page. */
  readonly channel: ChannelDocument;
}

/** Throws what the service says of the longest name that may be meant. */
export async function findChannel(options: Options, flags: ServiceFlags, given: string): Promise<FoundChannel> {
  const { api, names, file } = await referTo(options, flags, given);
  let unknown: NotFound | undefined;
  for (const name of names) {
    const channel = await api.channel(name).catch((error: unknown) => {
      if (!(error instanceof NotFound)) throw error;
      unknown ??= error;
    });
    if (channel === undefined) continue;
    const rest = file?.slice(name.length) ?? '';
    if (['', '.json', channel.extension].includes(rest) || tarballFormatOf(rest) !== undefined) return { api, channel };
  }
  throw unknown ?? new NotFound(`There is no channel at ${given}: check the URL.`);
}
