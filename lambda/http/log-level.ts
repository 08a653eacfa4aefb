import { BadSetting } from '../../lib/domain/bad-setting.ts';
import { type Log, type LogLevel, logLevels } from './log.ts';

/** @throws BadSetting */
export function parseLogLevel(text: string | undefined): LogLevel {
  const level = logLevels.find((one) => one === (text || 'info'));
  if (level === undefined) throw new BadSetting('LOG_LEVEL', `must be one of ${logLevels.join(', ')}`);
  return level;
}

/** The log without what is less urgent than `least`. Metrics do not come this way: they are counted at every level. */
export const logFrom =
  (least: LogLevel, log: Log): Log =>
  (level, message, fields) => {
    if (logLevels.indexOf(level) >= logLevels.indexOf(least)) log(level, message, fields);
  };
