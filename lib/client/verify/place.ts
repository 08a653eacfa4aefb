import type { PublishClient } from '../publish-client.ts';
import type { Answer, Ask } from './ask.ts';
import type { ScratchBucket } from './scratch-bucket.ts';

/** Where and with what a deployment is looked at. Everything that is written is named after `channel`. */
export interface Place {
  /** A scratch channel, added by the first check and removed by the last. */
  readonly channel: string;
  /** The base URL for readers, as the stack or the command line gives it. */
  readonly readers: string;
  /** Of the publish API. */
  readonly api: string;
  /** The stack's outputs, where it was found by its name. */
  readonly outputs: Readonly<Record<string, string>> | undefined;
  readonly ask: Ask;
  /** Asks the publish API, signed. */
  readonly askSigned: (method: string, path: string, body?: object) => Promise<Answer>;
  /** The same as the publisher of this channel alone; undefined where no role was given for it. */
  readonly askAsPublisher: Place['askSigned'] | undefined;
  /** Milliseconds for which readers may not know yet what was published. */
  readonly patience: number;
  /** A reader's headers: a token where channels are private. */
  readonly readerHeaders: Readonly<Record<string, string>>;
  readonly bucket: ScratchBucket;
  readonly publish: PublishClient;
  /** Makes a random id. */
  readonly id: () => string;
}
