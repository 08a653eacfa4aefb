/** What to do about an object that is written by nobody but us and cannot be read. */
export const restore = (key: string): string =>
  `Put its last good version back (aws s3api list-object-versions --prefix ${key}), conditionally, and run this again.`;
