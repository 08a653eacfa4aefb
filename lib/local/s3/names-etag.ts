/** Whether a list of entity tags, quoted or (as S3 allows) bare, or `*` names this one, given without quotes. */
export function namesEtag(list: string, etag: string): boolean {
  return list.split(',').some((entry) => {
    const tag = entry.trim();
    return tag === '*' || tag === etag || tag === `"${etag}"`;
  });
}
