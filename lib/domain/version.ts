import packageJson from '../../package.json' with { type: 'json' };

/** What `--version` prints. A bundle knows no commit: the same sources give the same bytes with and without git. */
export const versionText = (program: string, node: string): string =>
  `${program} ${packageJson.version} (Node.js ${node})`;
