/** Seconds: the longest life that a handed-out URL has, and the usual one. */
export const longestPresignedLifetime = 900;
