/** The region of `{api}.execute-api.{region}.amazonaws.com`, the domain that API Gateway gives an API, or undefined. */
export const regionOfGeneratedDomain = (url: string): string | undefined =>
  /\.execute-api\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?$/.exec(new URL(url).hostname)?.[1];
