/** Whether an entry of `no_proxy` is this host or a domain above it. */
const covers = (entry: string, hostname: string): boolean => {
  const domain = entry.trim().replace(/^\./, '');
  return domain === '*' || (domain !== '' && `.${hostname}`.endsWith(`.${domain}`));
};

/** The variable that names a proxy to curl, and so to Nix, for an address; undefined without one (curl(1), "Environment"). */
export function proxyVariable(
  { protocol, hostname }: URL,
  environment: Readonly<Record<string, string | undefined>>,
): string | undefined {
  const direct = environment.no_proxy || environment.NO_PROXY || '';
  if (direct.split(',').some((entry) => covers(entry, hostname))) return undefined;
  const names = protocol === 'https:' ? ['https_proxy', 'HTTPS_PROXY'] : ['http_proxy'];
  return [...names, 'all_proxy', 'ALL_PROXY'].find((name) => environment[name]);
}
