import { readSmallBody } from '../read-small-body.ts';
import type { S3Handler } from '../s3-request.ts';
import { xmlAnswer } from '../xml-answer.ts';

export const listBuckets: S3Handler = async (request, { store }) => {
  await readSmallBody(request);
  const buckets = [...store.buckets()].sort((a, b) => (a.bucket < b.bucket ? -1 : 1));
  return xmlAnswer('ListAllMyBucketsResult', {
    Owner: { ID: 'local' },
    Buckets: { Bucket: buckets.map(({ bucket, created }) => ({ Name: bucket, CreationDate: created })) },
  });
};
