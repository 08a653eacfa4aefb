import { createHmac } from 'node:crypto';

/** The key of one day, region and service; `scope` is `20130524/us-east-1/s3/aws4_request`. */
export function signingKey(secret: string, scope: string): Buffer {
  return scope
    .split('/')
    .reduce((key, part) => createHmac('sha256', key).update(part).digest(), Buffer.from(`AWS4${secret}`));
}
