/** Where large temporary files go: /tmp is often memory. */
export function spoolDirectory(env: Readonly<Record<string, string | undefined>>): string {
  return env.TMPDIR || '/var/tmp';
}
