/** What other tools or tokens hold may be anything, but nothing that a terminal obeys. */
export const harmless = (text: string): string =>
  text.replaceAll(/\p{Cc}/gu, (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`);
