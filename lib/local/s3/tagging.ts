import { isObject } from '../../domain/names.ts';
import { readSmallBody } from './body.ts';
import { assertBucketExists } from './buckets.ts';
import { S3Error } from './errors.ts';
import type { S3Handler, S3Request } from './request.ts';
import type { ObjectDescription, ObjectRecord } from './store/records.ts';
import type { Store } from './store/store.ts';
import { parseXml, xmlAnswer } from './xml.ts';

export type Tags = Readonly<Record<string, string>>;

const maxTags = 10;
// S3 user guide, "Categorizing your objects using tags".
const tagKey = /^[\p{L}\p{N} +\-=._:/@]{1,128}$/u;
const tagValue = /^[\p{L}\p{N} +\-=._:/@]{0,256}$/u;

/** @throws S3Error for tags that S3 refuses */
function checkTags(pairs: readonly (readonly [key: string, value: string])[]): Tags {
  if (pairs.length > maxTags) throw new S3Error('InvalidTag', `Object tags cannot be greater than ${maxTags}`);
  if (new Set(pairs.map(([key]) => key)).size < pairs.length)
    throw new S3Error('InvalidTag', 'Cannot provide multiple Tags with the same key');
  for (const [key, value] of pairs) {
    if (!tagKey.test(key)) throw new S3Error('InvalidTag', 'The TagKey you have provided is invalid');
    if (!tagValue.test(value)) throw new S3Error('InvalidTag', 'The TagValue you have provided is invalid');
  }
  return Object.fromEntries(pairs);
}

/** The header `x-amz-tagging` has tags as a query string. */
export const parseTagHeader = (text: string): Tags => checkTags([...new URLSearchParams(text)]);

/** The body of PutObjectTagging. */
export function parseTagging(body: string): Tags {
  const tagging = parseXml(body, 'Tagging');
  const set = isObject(tagging) ? tagging.TagSet : undefined;
  if (set === undefined) throw new S3Error('MalformedXML');
  const list = isObject(set) ? [set.Tag].flat() : [];
  return checkTags(
    list.map((tag) => {
      if (!isObject(tag) || typeof tag.Key !== 'string' || typeof tag.Value !== 'string')
        throw new S3Error('MalformedXML');
      return [tag.Key, tag.Value] as const;
    }),
  );
}

/** What an object with these tags has: readers get their number. */
export function describeTags(tags: Tags): Pick<ObjectDescription, 'headers' | 'tags'> {
  const count = Object.keys(tags).length;
  return count === 0 ? { headers: {} } : { headers: { 'x-amz-tagging-count': String(count) }, tags };
}

function existingObject(store: Store, { bucket, key }: S3Request): ObjectRecord {
  assertBucketExists(store, bucket);
  const object = store.object(bucket, key);
  if (object === undefined) throw new S3Error('NoSuchKey', undefined, { details: { Key: key } });
  return object;
}

export const getObjectTagging: S3Handler = async (request, { store }) => {
  await readSmallBody(request);
  const { tags = {} } = existingObject(store, request);
  const Tag = Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
  return xmlAnswer('Tagging', { TagSet: { Tag } });
};

/** Replaces all tags. The object itself stays as it is, its time too. */
export const putObjectTagging: S3Handler = async (request, { store }) => {
  const described = describeTags(parseTagging(await readSmallBody(request, 'body')));
  const { tags: _, headers, ...object } = existingObject(store, request);
  const { 'x-amz-tagging-count': __, ...others } = headers;
  store.saveObject({ ...object, ...described, headers: { ...others, ...described.headers } });
  return { status: 200 };
};

/** What a lifecycle rule does to the objects with a tag, in all buckets, without a delay. Returns their keys. */
export function deleteTagged(store: Store, { key, value }: { readonly key: string; readonly value: string }): string[] {
  const tagged = store
    .buckets()
    .flatMap(({ bucket }) => [...store.objects(bucket)])
    .filter(({ tags = {} }) => Object.hasOwn(tags, key) && tags[key] === value);
  for (const object of tagged) store.removeObject(object);
  return tagged.map((object) => object.key);
}
