export const parts = ['bundle', 'cold', 'warm', 'start', 'upload', 'inspect', 'publish', 'server'] as const;
export type Part = (typeof parts)[number];

export interface Figure {
  readonly name: string;
  readonly goal: number;
  readonly guard: number;
  readonly unit: string;
  readonly better: 'less' | 'more';
  /** What measures it; a figure without one has no bench yet. */
  readonly part?: Part;
}

/** What is promised of speed and size: `--check` fails beyond a guard. */
export const figures = [
  { name: 'serve: cold CPU against an empty handler', goal: 2.6, guard: 3, unit: '×', better: 'less', part: 'cold' },
  {
    name: 'serve: cold CPU with tokens against an empty handler',
    goal: 3,
    guard: 3.4,
    unit: '×',
    better: 'less',
    part: 'cold',
  },
  {
    name: 'serve: peak memory against an empty handler',
    goal: 1.3,
    guard: 1.4,
    unit: '×',
    better: 'less',
    part: 'cold',
  },
  { name: 'serve: code that an open service loads', goal: 50, guard: 60, unit: 'KB', better: 'less', part: 'bundle' },
  {
    name: 'serve: code that a service with tokens loads',
    goal: 75,
    guard: 84,
    unit: 'KB',
    better: 'less',
    part: 'bundle',
  },
  { name: 'serve: heavy modules in the bundle', goal: 0, guard: 0, unit: '', better: 'less', part: 'bundle' },
  {
    name: 'serve: warm, record and URL kept, against a signature',
    goal: 0.1,
    guard: 0.3,
    unit: '×',
    better: 'less',
    part: 'warm',
  },
  {
    name: 'serve: warm, presigned again, against a signature',
    goal: 1.2,
    guard: 2,
    unit: '×',
    better: 'less',
    part: 'warm',
  },
  {
    name: 'serve: warm, token and URL new, against a signature',
    goal: 2.5,
    guard: 4,
    unit: '×',
    better: 'less',
    part: 'warm',
  },
  {
    name: 'serve: unknown release, 10,000 channels × 500, against a signature',
    goal: 1.5,
    guard: 3,
    unit: '×',
    better: 'less',
    part: 'warm',
  },
  {
    name: 'serve: 401 with 10,000 channels, against a good answer',
    goal: 1.1,
    guard: 2,
    unit: '×',
    better: 'less',
    part: 'warm',
  },
  {
    name: 'serve: 404 with 10,000 channels, against a good answer',
    goal: 1.1,
    guard: 2,
    unit: '×',
    better: 'less',
    part: 'warm',
  },
  {
    name: 'serve: 412 with 10,000 channels, against a good answer',
    goal: 1.1,
    guard: 2.5,
    unit: '×',
    better: 'less',
    part: 'warm',
  },
  {
    name: 'serve: start with 10,000 channels against 10',
    goal: 1.2,
    guard: 1.6,
    unit: '×',
    better: 'less',
    part: 'cold',
  },
  { name: 'serve: S3 requests of a warm request', goal: 0, guard: 0, unit: '', better: 'less', part: 'warm' },
  {
    name: 'channelctl --help, against node -e 0',
    goal: 1.6,
    guard: 2.1,
    unit: '×',
    better: 'less',
    part: 'start',
  },
  {
    name: 'channelctl --version, against node -e 0',
    goal: 1.6,
    guard: 2.1,
    unit: '×',
    better: 'less',
    part: 'start',
  },
  {
    name: 'channelctl list, against node -e 0',
    goal: 2.5,
    guard: 3.2,
    unit: '×',
    better: 'less',
    part: 'start',
  },
  { name: 'inspect: with xz, against xz -dc -T1', goal: 1.2, guard: 1.4, unit: '×', better: 'less', part: 'inspect' },
  {
    name: 'inspect: without xz, against xz -dc -T1',
    goal: 1.3,
    guard: 1.5,
    unit: '×',
    better: 'less',
    part: 'inspect',
  },
  {
    name: 'inspect: in order of names, with xz',
    goal: 1.2,
    guard: 1.5,
    unit: '×',
    better: 'less',
    part: 'inspect',
  },
  {
    name: 'inspect: in order of names, without xz',
    goal: 1.3,
    guard: 1.6,
    unit: '×',
    better: 'less',
    part: 'inspect',
  },
  { name: 'inspect: faster than nix flake prefetch', goal: 15, guard: 10, unit: '×', better: 'more', part: 'inspect' },
  { name: 'inspect: peak memory', goal: 120, guard: 200, unit: 'MB', better: 'less', part: 'inspect' },
  {
    name: 'publish: CPU against inspect and a plain upload',
    goal: 1.1,
    guard: 1.25,
    unit: '×',
    better: 'less',
    part: 'publish',
  },
  {
    name: 'publish: CPU of packing against git archive | xz -6',
    goal: 1.3,
    guard: 1.6,
    unit: '×',
    better: 'less',
    part: 'publish',
  },
  { name: 'upload: against plain node:http', goal: 1.1, guard: 1.3, unit: '×', better: 'less', part: 'upload' },
  { name: 'server: CPU a request against node:http', goal: 4, guard: 6, unit: '×', better: 'less', part: 'server' },
  {
    name: 'server: CPU a request against the Rust service',
    goal: 0.8,
    guard: 1.1,
    unit: '×',
    better: 'less',
    part: 'server',
  },
  {
    name: 'server: requests a second against the Rust service',
    goal: 1,
    guard: 0.9,
    unit: '×',
    better: 'more',
    part: 'server',
  },
  {
    name: 'server: 99th percentile against the Rust service',
    goal: 1,
    guard: 1.3,
    unit: '×',
    better: 'less',
    part: 'server',
  },
] as const satisfies readonly Figure[];

export type FigureName = (typeof figures)[number]['name'];
