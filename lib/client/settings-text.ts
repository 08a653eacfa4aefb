import type { ChannelSettings } from '../../lambda/publish/change-settings.ts';
import type { Visibility } from '../domain/catalog.ts';

const units = [
  ['d', 86_400],
  ['h', 3_600],
  ['m', 60],
  ['s', 1],
] as const;

/** Seconds as the command takes them: `3d`, in the largest unit that leaves nothing over. */
export function durationText(seconds: number): string {
  const [unit, length] = units.find(([, each]) => seconds % each === 0) ?? ['s', 1];
  return `${seconds / length}${unit}`;
}

export const overdueText = (maxAge: number | null): string =>
  maxAge === null ? '' : `overdue after ${durationText(maxAge)}`;

interface Asked {
  readonly visibility?: Visibility | undefined;
  readonly dryRun?: boolean | undefined;
}

export function settingsText(
  { channel, visibility, maxAge, fresh }: ChannelSettings,
  { visibility: asked, dryRun = false }: Asked,
): string {
  const deed = `${dryRun && fresh ? 'dry run, nothing was changed: ' : ''}${fresh ? 'set' : 'nothing changed'}`;
  const told = visibility === 'public' || asked !== undefined ? `${visibility}, ` : '';
  const closed = visibility === 'private' ? ' URLs handed out before live up to 15 minutes.' : '';
  return [
    `${deed}: ${channel} (${told}${overdueText(maxAge) || 'never overdue'})`,
    ...(asked === undefined || !fresh || dryRun
      ? []
      : [`It takes effect within the API's maximum age, 30 s by default, where reading asks for tokens.${closed}`]),
  ].join('\n');
}
