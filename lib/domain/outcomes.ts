/** How a request for a channel or a release ended. A dimension of a metric: this list is all that it can hold. */
export const outcomes = [
  'led-to-release',
  'led-to-bucket',
  'described',
  'not-modified',
  'page',
  'unauthorized',
  'not-found',
  'gone',
  'moved',
  'refused',
  'unavailable',
  'defect',
] as const;

export type Outcome = (typeof outcomes)[number];

const refusals: Readonly<Record<number, Outcome>> = {
  401: 'unauthorized',
  404: 'not-found',
  410: 'gone',
  412: 'moved',
  500: 'defect',
  503: 'unavailable',
};

/** What a status of 400 and above says of the outcome. */
export const outcomeOfStatus = (status: number): Outcome => refusals[status] ?? 'refused';
