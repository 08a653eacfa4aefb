import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { localhostCertificate } from './localhost-tls.ts';
import { readable } from './readable.ts';
import { channelApp } from './synth-stack.ts';

export type Answer = APIGatewayProxyStructuredResultV2 & { readonly failed?: string };

/** A function of a synthesized stack, in a process of its own. */
export interface ShippedFunction {
  readonly call: (event: unknown) => Promise<Answer>;
  /** All that it wrote. */
  readonly written: () => string;
  readonly close: () => Promise<void>;
}

export type Start = (
  prefix: 'Serve' | 'Publish' | 'DeliveryKeys',
  environment: Readonly<Record<string, string>>,
) => Promise<ShippedFunction>;

interface Lambda {
  readonly Type: string;
  readonly Properties: {
    readonly Code: { readonly S3Key: string };
    readonly Environment?: { readonly Variables: Readonly<Record<string, string>> };
  };
}

const runner = fileURLToPath(new URL('run-function.ts', import.meta.url));

/**
 * Bundles a stack of these settings, and starts its functions: the very files that are deployed, with the variables that the
 * template gives them, of which those that only a deployment knows are replaced.
 */
export function shippedFunctions(context: Readonly<Record<string, unknown>>): Start {
  const { directory, stacks } = channelApp({ ...context }, { bundle: true }).synth();
  const lambdas = Object.entries<Lambda>(stacks[0]?.template.Resources).filter(
    ([, { Type }]) => Type === 'AWS::Lambda::Function',
  );
  return async (prefix, environment) => {
    const [, lambda] = lambdas.find(([id]) => id.startsWith(prefix)) ?? [];
    if (lambda === undefined) throw new Error(`the stack has no function ${prefix}`);
    const { Code, Environment } = lambda.Properties;
    const module = join(directory, `asset.${Code.S3Key.replace(/\.zip$/, '')}`, 'index.mjs');
    const variables = readable(Environment?.Variables ?? {}) as Record<string, string>;
    const child = spawn(process.execPath, [runner, module], {
      env: { ...variables, NODE_EXTRA_CA_CERTS: localhostCertificate, ...environment },
      stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
    });
    const texts = [child.stdout, child.stderr].map((stream) => {
      const chunks: Buffer[] = [];
      stream?.on('data', (chunk) => chunks.push(chunk));
      return () => Buffer.concat(chunks).toString();
    });
    const written = (): string => texts.map((text) => text()).join('');
    const ended = once(child, 'close');
    const answers = createInterface({ input: child.stdio[3] as Readable })[Symbol.asyncIterator]();
    const answer = async (): Promise<Answer> => {
      const { value, done } = await answers.next();
      if (done) throw new Error(`the function ended: ${written()}`);
      return JSON.parse(value);
    };
    await answer();
    return {
      call(event) {
        child.stdin?.write(`${JSON.stringify(event)}\n`);
        return answer();
      },
      written,
      async close() {
        child.stdin?.end();
        await ended;
      },
    };
  };
}
