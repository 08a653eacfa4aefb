import type { Outcome } from '../../lib/domain/outcomes.ts';
import { Unauthorized } from '../auth/refusal.ts';
import type { Intent } from './intent.ts';
import type { Observation } from './observer.ts';

const outcomes: Readonly<Record<Intent['kind'], Outcome>> = {
  'lead-to-release': 'led-to-release',
  'lead-to-bucket': 'led-to-bucket',
  'describe-object': 'described',
  'not-modified': 'not-modified',
  'show-channel': 'page',
};

/** What was decided, for the line of the request. */
export function observeIntent(observation: Observation, intent: Intent): void {
  observation.outcome = outcomes[intent.kind];
  if ('key' in intent) observation.release = intent.key;
  if ('head' in intent) observation.owner = intent.head?.channel;
}

/** Why a token was refused: one of the reasons that there are. */
export function observeRefusal(observation: Observation, error: unknown): void {
  if (error instanceof Unauthorized) observation.reason = error.code;
}
