import { type OperationName, operations } from './operations.ts';
import { S3Error } from './s3-error.ts';

export interface RequestShape {
  readonly method: string;
  readonly level: 'service' | 'bucket' | 'object';
  /** Names of query parameters, those of the signature excepted. */
  readonly parameters: readonly string[];
  /** Names of x-amz-* headers, those of the signature excepted. */
  readonly amzHeaders: readonly string[];
}

const methods = {
  service: ['GET'],
  bucket: ['GET', 'HEAD', 'PUT', 'POST', 'DELETE'],
  object: ['GET', 'HEAD', 'PUT', 'POST', 'DELETE'],
};

/** The operation that a request asks for; refuses what S3 knows and the stand-in does not, and what nobody knows. */
export function chooseOperation({ method, level, parameters, amzHeaders }: RequestShape): OperationName {
  if (!methods[level].includes(method)) throw new S3Error('MethodNotAllowed');
  const names = Object.keys(operations) as OperationName[];
  const name = names.find((candidate) => {
    const { level: itsLevel, method: itsMethod, needs, takes }: Operation = operations[candidate];
    return (
      itsLevel === level &&
      itsMethod === method &&
      needs.every((need) => parameters.includes(need)) &&
      parameters.every((parameter) => needs.includes(parameter) || takes.includes(parameter))
    );
  });
  if (!name && method === 'POST' && parameters.length === 0) throw new S3Error('MethodNotAllowed');
  if (!name) throw new S3Error('NotImplemented');
  const { headers }: Operation = operations[name];
  const heeded = (header: string) =>
    headers.includes(header) || (header.startsWith('x-amz-meta-') && headers.includes('x-amz-meta-*'));
  const unheeded = amzHeaders.filter((header) => !heeded(header));
  if (unheeded.length > 0) throw new S3Error('NotImplemented', undefined, { details: { Header: unheeded.join(', ') } });
  return name;
}

interface Operation {
  readonly level: string;
  readonly method: string;
  readonly needs: readonly string[];
  readonly takes: readonly string[];
  readonly headers: readonly string[];
}
