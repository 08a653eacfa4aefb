import type { MiddlewareObj } from '@middy/core';
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { Problem } from '../../lib/domain/problem.ts';
import { describeError, type Log } from './log.ts';

type Result = APIGatewayProxyStructuredResultV2;

/**
 * The one place where a refusal becomes a response. What is no Problem is a defect: it is answered as 500 and its text goes to
 * the log alone.
 */
export function answerProblems<Event extends APIGatewayProxyEventV2>(
  respond: (problem: Problem) => Result,
  log: Log,
): MiddlewareObj<Event, Result> {
  return {
    onError: (request) => {
      const { error, event } = request;
      const { requestId } = event.requestContext;
      const problem =
        error instanceof Problem
          ? error
          : new Problem(
              500,
              'defect',
              `This is a defect here, not in your request. The log has it under ${requestId}.`,
            );
      if (problem.status >= 500)
        log('error', problem === error ? 'unavailable' : 'defect', {
          requestId,
          route: event.routeKey,
          error: describeError(problem === error ? (problem.cause ?? problem) : error),
          ...(problem === error ? {} : { stack: error?.stack }),
        });
      request.response = respond(problem);
    },
  };
}
