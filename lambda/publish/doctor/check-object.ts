import { type Finding, finding } from '../../../lib/api/finding.ts';
import { quoted } from '../../../lib/domain/names.ts';
import { parseRecord } from '../../../lib/domain/record.ts';
import type { Head } from './check-record.ts';

const replace =
  'As the break-glass role delete the object, then publish the same file again under the same name: metadata cannot be changed in place.';

/** What can be wrong with an object that readers can get. */
function ofReachable(key: string, head: Exclude<Head, undefined>): Finding[] {
  if (head === 'refused')
    return [
      finding(
        'object-refused',
        key,
        'S3 refuses to tell of this object, so it is encrypted with a key that the service may not use: readers are refused too.',
        'Allow the roles of both functions the KMS key, or store the object anew without it.',
      ),
    ];
  const { size, metadata, contentEncoding = '' } = head;
  return [
    ...('link' in metadata
      ? [
          finding(
            'object-link',
            key,
            `It has the metadata x-amz-meta-link, which Nix takes for the protocol's Link: locks then name ${quoted(metadata.link ?? '')}, or fetching fails.`,
            replace,
          ),
        ]
      : []),
    ...(contentEncoding === ''
      ? []
      : [
          finding(
            'object-encoding',
            key,
            `It has the Content-Encoding ${quoted(contentEncoding)}: Nix tries to undo it and fails ("aws-chunked" in every version, "xz" in 2.34).`,
            replace,
          ),
        ]),
    ...(size === 0
      ? [
          finding(
            'object-empty',
            key,
            'It has no bytes: Nix takes it for an empty tree without a word.',
            'As the break-glass role delete the object, then publish the file again.',
          ),
        ]
      : []),
  ];
}

export interface ObjectToCheck {
  readonly key: string;
  /** Undefined where it went away in the meantime. */
  readonly head: Head;
  /** Whether a reader can get it: it ends in a tarball's or a channel's extension. */
  readonly reachable: boolean;
  /** Whether a record names it; undefined where that was not looked at. */
  readonly named: boolean | undefined;
}

export const unknownObject = (key: string): Finding =>
  finding(
    'object-unknown',
    key,
    'It is neither catalog, record nor release: no reader can reach it.',
    'Nothing. Keep other things in another bucket.',
  );

export function checkObject({ key, head, reachable, named }: ObjectToCheck): Finding[] {
  if (head === undefined) return [];
  if (!reachable) return [unknownObject(key)];
  const unnamed = finding(
    'object-unnamed',
    key,
    'No record names this file: no channel leads to it, and it answers at /permanent for locks that have it.',
    'Nothing; an old release may be so. "channelctl publish" of the same file makes it the latest of its channel.',
  );
  return [...ofReachable(key, head), ...(named === false ? [unnamed] : [])];
}

const recordKeys = ['latest', 'file_extension', 'previous'] as const;

/** What an object under `{channel}.json` is whose channel the catalog does not have. */
export function checkUnlisted(channel: string, key: string, text: string): Finding {
  try {
    const record = parseRecord(text);
    const value = JSON.parse(text) as object;
    if (!recordKeys.some((name) => name in value)) return unknownObject(key);
    return record.removed === undefined
      ? finding(
          'record-unlisted',
          channel,
          'The bucket has a record of this channel, but the catalog does not name it: readers get 404.',
          record.fileExtension.startsWith('.')
            ? `"channelctl add ${channel} --file-extension ${record.fileExtension}" takes it over as it is.`
            : 'Add the name to "channels" in channels.json by hand: "channelctl add" does not take an extension without a dot.',
        )
      : finding(
          'record-unlisted',
          channel,
          'The bucket has the record of a removed channel, but the catalog does not name it: readers get 404 and not 410.',
          'Add the name to "removed" in channels.json by hand; "channelctl add" refuses it all the same.',
        );
  } catch {
    return unknownObject(key);
  }
}
