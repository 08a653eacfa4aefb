import type { APIGatewayProxyEventV2, Context } from 'aws-lambda';

/** One start of a function and its first request, in a process of its own: `first-request.ts MODULE EVENT`. */
const [, , path = '', event = ''] = process.argv;
const { handler } = (await import(path)) as {
  handler: (event: APIGatewayProxyEventV2, context: Context) => Promise<{ statusCode?: number }>;
};
const { statusCode } = await handler(JSON.parse(event), {} as Context);
if (statusCode !== 307) throw new Error(`the function answered ${statusCode}`);
const { user, system } = process.cpuUsage();
process.stderr.write(
  JSON.stringify({ cpu: (user + system) / 1_000, peak: process.resourceUsage().maxRSS, wall: process.uptime() }),
);
process.exit();
