import type { S3Error } from './s3-error.ts';
import type { S3Answer } from './s3-request.ts';
import { toXml } from './to-xml.ts';

/** https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html; this document alone has no namespace. */
export function errorAnswer(error: S3Error, resource: string, requestId: string): S3Answer {
  const fields = {
    Code: error.code,
    Message: error.message,
    ...error.details,
    Resource: resource,
    RequestId: requestId,
  };
  const body = toXml('Error', fields).replace(/ xmlns="[^"]*"/, '');
  return { status: error.status, headers: { 'Content-Type': 'application/xml', ...error.headers }, body };
}
