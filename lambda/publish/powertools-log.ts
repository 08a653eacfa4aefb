import { LogFormatter, Logger, LogItem } from '@aws-lambda-powertools/logger';
import type { LogAttributes, UnformattedAttributes } from '@aws-lambda-powertools/logger/types';
import type { Log, LogLevel } from '../http/log.ts';

/** The shape that the lines of the other function have: one query finds both. */
class LineFormatter extends LogFormatter {
  formatAttributes({ logLevel, serviceName, message }: UnformattedAttributes, additional: LogAttributes): LogItem {
    const attributes = { level: logLevel.toLowerCase(), message, service: serviceName };
    return new LogItem({ attributes }).addAttributes(additional);
  }
}

export function powertoolsLog(service: string, logLevel: LogLevel): Log {
  const level = { info: 'INFO', warn: 'WARN', error: 'ERROR' } as const;
  const logger = new Logger({
    serviceName: service,
    logLevel: level[logLevel],
    logFormatter: new LineFormatter(),
    persistentKeys: { function: 'publish' },
  });
  return (severity, message, fields = {}) => logger[severity](message, fields as LogAttributes);
}
