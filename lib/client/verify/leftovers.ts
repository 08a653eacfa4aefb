/** What verifying leaves behind, as nobody may delete it. */
export const leftovers = (channel: string): string =>
  [
    `What stays: the record ${channel}.json, marked as removed, and its release ${channel}-1.tar.xz (some 200 bytes), because`,
    `nothing in the bucket is ever deleted; and uploads/${channel}/…, which the bucket's lifecycle removes after 8 days.`,
  ].join('\n');
