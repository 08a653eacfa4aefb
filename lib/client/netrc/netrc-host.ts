/** The host as netrc files name it: without a port, and an IPv6 address without its brackets. */
export const netrcHost = ({ hostname }: URL): string => hostname.replace(/^\[(.*)\]$/, '$1');
