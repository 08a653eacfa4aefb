/** What `npm start` publishes first: the archive that `pack.sh` makes of the folder `flake`. */
export const demoRelease = {
  channel: 'demo',
  path: new URL('./demo-2025-05-15.tar.xz', import.meta.url),
  /** The modification time of all its entries. */
  lastModified: 1_747_267_200,
} as const;
