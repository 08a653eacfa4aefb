import { uriDecode } from './uri-decode.ts';
import { uriEncode } from './uri-encode.ts';

export interface QueryPair {
  readonly name: string;
  readonly value: string;
  /** Name and value as the canonical query string has them. */
  readonly encoded: readonly [name: string, value: string];
}

/** The parameters of a raw query string in their order; `+` is a blank, as S3 reads it. */
export function queryPairs(rawQuery: string): readonly QueryPair[] {
  return rawQuery
    .split('&')
    .filter((piece) => piece !== '')
    .map((piece) => {
      const at = piece.indexOf('=');
      const [name, value] = at < 0 ? [piece, ''] : [piece.slice(0, at), piece.slice(at + 1)];
      const [nameBytes, valueBytes] = [uriDecode(name.replaceAll('+', ' ')), uriDecode(value.replaceAll('+', ' '))];
      return {
        name: nameBytes.toString(),
        value: valueBytes.toString(),
        encoded: [uriEncode(nameBytes), uriEncode(valueBytes)],
      };
    });
}
