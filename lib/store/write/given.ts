import { unavailable } from './s3-failure.ts';

/** A field of S3's answer that it always has. */
export const given = <Value>(value: Value | undefined, name: string): Value => {
  if (value === undefined) throw unavailable(new Error(`S3's answer has no ${name}`));
  return value;
};
