import { type Finding, finding } from '../../../lib/api/finding.ts';
import { quoted } from '../../../lib/domain/names.ts';
import { parseRecord } from '../../../lib/domain/record.ts';
import type { Head } from './check-record.ts';

const replaceAdvice =
  'Delete the object as the break-glass role, then publish the same file again under the same name: metadata cannot be changed in place.';

/** What can be wrong with an object that readers can download. */
function reachableFindings(key: string, head: Exclude<Head, undefined>): Finding[] {
  if (head === 'refused')
    return [
      finding(
        'object-refused',
        key,
        'S3 refuses to describe this object, so it is encrypted with a key that the service is not allowed to use: readers are refused too.',
        'Allow the roles of both functions to use the KMS key, or store the object again without it.',
      ),
    ];
  const { size, metadata, contentEncoding = '' } = head;
  return [
    ...('link' in metadata
      ? [
          finding(
            'object-link',
            key,
            `It has the metadata x-amz-meta-link, which Nix takes for the Link header of the protocol: locks then contain ${quoted(metadata.link ?? '')}, or fetching fails.`,
            replaceAdvice,
          ),
        ]
      : []),
    ...(contentEncoding === ''
      ? []
      : [
          finding(
            'object-encoding',
            key,
            `It has the Content-Encoding ${quoted(contentEncoding)}: Nix tries to decode it and fails ("aws-chunked" in every version, "xz" in 2.34).`,
            replaceAdvice,
          ),
        ]),
    ...(size === 0
      ? [
          finding(
            'object-empty',
            key,
            'It is empty: Nix unpacks it to an empty tree without an error.',
            'Delete the object as the break-glass role, then publish the file again.',
          ),
        ]
      : []),
  ];
}

export interface ObjectToCheck {
  readonly key: string;
  /** Undefined where it was deleted in the meantime. */
  readonly head: Head;
  /** Whether readers can download it: it ends in the extension of a tarball or of a channel. */
  readonly reachable: boolean;
  /** Whether a record names it; undefined where that was not checked. */
  readonly named: boolean | undefined;
}

export const unknownObject = (key: string): Finding =>
  finding(
    'object-unknown',
    key,
    'It is not the catalog, a record or a release, so no reader can reach it.',
    'Nothing has to be done. It is better to keep other objects in another bucket.',
  );

export function checkObject({ key, head, reachable, named }: ObjectToCheck): Finding[] {
  if (head === undefined) return [];
  if (!reachable) return [unknownObject(key)];
  const unnamed = finding(
    'object-unnamed',
    key,
    'No record names this file: no channel points to it, and it answers at /permanent for locks that contain it.',
    'Nothing has to be done: it may be an old release. "channelctl publish" of the same file makes it the latest of its channel.',
  );
  return [...reachableFindings(key, head), ...(named === false ? [unnamed] : [])];
}

const recordKeys = ['latest', 'file_extension', 'previous'] as const;

/** What an object at `{channel}.json` is if the catalog does not have the channel. */
export function checkUnlisted(channel: string, key: string, text: string): Finding {
  try {
    const record = parseRecord(text);
    const value = JSON.parse(text) as object;
    if (!recordKeys.some((name) => name in value)) return unknownObject(key);
    return record.removed === undefined
      ? finding(
          'record-unlisted',
          channel,
          'The bucket has a record of this channel, but the catalog does not have it: whoever asks for it gets 404.',
          record.fileExtension.startsWith('.')
            ? `"channelctl add ${channel} --file-extension ${record.fileExtension}" adds it with its releases.`
            : 'Add the name to "channels" in channels.json by hand: "channelctl add" does not take an extension without a dot.',
        )
      : finding(
          'record-unlisted',
          channel,
          'The bucket has the record of a removed channel, but the catalog does not have it: whoever asks for it gets 404, not 410.',
          'Add the name to "removed" in channels.json by hand; "channelctl add" refuses it in any case.',
        );
  } catch {
    return unknownObject(key);
  }
}
