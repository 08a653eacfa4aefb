import type { LambdaHandler } from './start-gateway.ts';

/**
 * A function with a reserved concurrency of 1. While it runs, others are throttled by Lambda, and an HTTP API answers these
 * with a 503 of its own.
 */
export function oneAtATime(handler: LambdaHandler): LambdaHandler {
  let busy = false;
  return async (event, context) => {
    if (busy)
      return {
        statusCode: 503,
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ message: 'Service Unavailable' }),
      };
    busy = true;
    try {
      return await handler(event, context);
    } finally {
      busy = false;
    }
  };
}
