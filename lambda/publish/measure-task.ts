/** What the schedule sends to the publish function. */
export const measureTask = { task: 'measure-channels' } as const;
