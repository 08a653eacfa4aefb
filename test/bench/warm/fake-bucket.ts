import type { RequestFunction } from '../../../lib/store/read/request.ts';

const changed = 'Thu, 01 Jan 2026 00:00:00 GMT';
const facts = {
  release: 'demo-1',
  etag: '"e"',
  rev: '0a'.repeat(20),
  lastModified: 1_767_225_600,
  narHash: 'sha256-R9r+TXs/iiXyJgsOmPvyQm9dpAmPbKmSoHcBmMFnrq4=',
  sha256: 'ab'.repeat(32),
};
const records: Readonly<Record<string, unknown>> = {
  'channels.json': { channels: ['demo'] },
  'demo.json': { latest: 'demo-1', previous: [], serial: 1, facts },
};

export interface CountedBucket {
  readonly request: RequestFunction;
  /** Requests that S3 would have got. */
  readonly requests: () => number;
}

/** A bucket with one channel. */
export function fakeBucket(): CountedBucket {
  let requests = 0;
  const request: RequestFunction = async ({ method, url }) => {
    requests += 1;
    const key = new URL(url).pathname.slice(1);
    const body = key in records && method === 'GET' ? JSON.stringify(records[key]) : '';
    if (key === 'revoked.json') return { status: 404, headers: {}, body: '<Code>NoSuchKey</Code>' };
    const headers = { etag: '"e"', 'content-length': '4', 'last-modified': changed, 'x-amz-meta-channel': 'demo' };
    return { status: 200, headers, body };
  };
  return { request, requests: () => requests };
}
