import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2, Context } from 'aws-lambda';
import { createPublish } from './create-publish.ts';
import { measureChannels } from './measure-channels.ts';
import type { measureTask } from './measure-task.ts';
import { watchBucket } from './observe-publish.ts';
import type { PublishOptions } from './publish-options.ts';

export type PublishFunction = (
  event: APIGatewayProxyEventV2 | typeof measureTask,
  context: Context,
) => Promise<APIGatewayProxyStructuredResultV2>;

/** Everything that the publish function is called with: requests of the API, and the schedule. */
export function createPublishFunction(options: PublishOptions): PublishFunction {
  const publish = createPublish(options);
  return async (event, context) => {
    if (!('task' in event)) return publish(event, context);
    let failures = 0;
    const bucket = watchBucket(options.bucket, () => {
      failures += 1;
    });
    await measureChannels({ ...options, bucket }).finally(() => {
      if (failures > 0) options.meter({ S3Errors: failures });
    });
    return {};
  };
}
