/** Over this Nix's curl drops a password, and says nothing. */
export const longestPassword = 4095;

/** What older clients did with a long password from netrc (curl/curl 2676 and 15513). */
export function lengthWarnings(length: number): string[] {
  if (length > longestPassword)
    return [
      `The token is ${length} characters long: curl, and so Nix, drops passwords over ${longestPassword} silently.`,
    ];
  const cut = length > 246 ? ', curl before 7.61 (2018) cuts it off' : '';
  return length > 128
    ? [`The token is ${length} characters long: curl 8.11.0 refuses netrc passwords over 128${cut}.`]
    : [];
}
