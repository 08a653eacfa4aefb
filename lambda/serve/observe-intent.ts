import type { Outcome } from '../../lib/domain/outcomes.ts';
import { Unauthorized } from '../auth/refusal.ts';
import type { Intent } from './intent.ts';
import type { Observation } from './observer.ts';
import type { ReadRequest } from './read-request.ts';

const outcomes: Readonly<Record<Intent['kind'], Outcome>> = {
  'lead-to-release': 'led-to-release',
  'lead-to-bucket': 'led-to-bucket',
  'describe-object': 'described',
  'not-modified': 'not-modified',
  'show-channel': 'page',
};

/** What was decided, for the line of the request. A release is named only where it was found to exist. */
export function observeIntent(observation: Observation, { target }: Pick<ReadRequest, 'target'>, intent: Intent): void {
  observation.outcome = outcomes[intent.kind];
  if (intent.kind === 'lead-to-release') observation.release = intent.key;
  else if (target.kind === 'permanent') observation.release = target.key;
}

/** Why a token was refused: one of the reasons that there are. */
export function observeRefusal(observation: Observation, error: unknown): void {
  if (error instanceof Unauthorized) observation.reason = error.code;
}
