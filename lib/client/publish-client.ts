import type { ChannelApi } from './channel-api.ts';
import type { Send } from './http-exchange.ts';
import type { WhenInterrupted } from './interrupt.ts';
import type { Progress } from './progress.ts';

/** Everything that publishing touches beside the file. */
export interface PublishClient {
  readonly api: Pick<ChannelApi, 'get' | 'post' | 'url'>;
  readonly send: Send;
  readonly sleep: (duration: number) => Promise<void>;
  readonly progress: Progress;
  /** For $TMPDIR, $PATH and $XDG_STATE_HOME, and for git. */
  readonly environment: NodeJS.ProcessEnv;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Says something that is worth knowing and no error. */
  readonly note: (sentence: string) => void;
  readonly whenInterrupted?: WhenInterrupted | undefined;
}
