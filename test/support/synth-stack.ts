import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from '@jest/globals';
import { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { NixChannelStack } from '../../lib/stack/nix-channel-stack.ts';
import { parseStackSettings } from '../../lib/stack/settings/parse-stack-settings.ts';
import { readable } from './readable.ts';

type Json = Record<string, unknown>;

export interface Resource {
  readonly id: string;
  readonly Type: string;
  readonly Properties: Json;
  readonly Condition?: string;
  readonly DependsOn?: readonly string[];
  readonly DeletionPolicy?: string;
  readonly UpdateReplacePolicy?: string;
}

const fromRoot = (path: string): URL => new URL(`../../${path}`, import.meta.url);
const outside = mkdtempSync(join(tmpdir(), 'nix-channel-stack-'));
afterAll(() => rmSync(outside, { recursive: true, force: true }));

interface AppOptions {
  /** Without it the functions get an empty asset. */
  readonly bundle?: boolean;
  /** Whether the CDK looks for faults in the template, which costs seconds to begin with. */
  readonly validate?: boolean;
}

/** The app as bin/app.ts builds it: `new App` alone reads no cdk.json. */
export function channelApp(context: Json = {}, { bundle = false, validate = false }: AppOptions = {}): App {
  const { context: flags } = JSON.parse(readFileSync(fromRoot('cdk.json'), 'utf8')) as { context: Json };
  const app = new App({
    outdir: mkdtempSync(join(outside, 'out-')),
    context: { ...flags, ...context, ...(bundle ? {} : { 'aws:cdk:bundling-stacks': [] }) },
    builtinCloudFormationValidation: validate,
  });
  new NixChannelStack(app, 'NixChannelStack', parseStackSettings(app.node.getAllContext()));
  return app;
}

export class StackTemplate {
  readonly template: Json;

  constructor(template: Json) {
    this.template = template;
  }

  get allResources(): readonly Resource[] {
    return Object.entries(this.template.Resources as Record<string, Json>).map(([id, resource]) => ({
      id,
      ...(readable(resource) as Omit<Resource, 'id'>),
    }));
  }

  resources(type: string): readonly Resource[] {
    return this.allResources.filter(({ Type }) => Type === type);
  }

  /** The only resource of that type whose logical id begins so. */
  resource(type: string, prefix = ''): Resource {
    const found = this.resources(type).filter(({ id }) => id.startsWith(prefix));
    if (found.length !== 1) throw new Error(`${found.length} resources of type ${type} begin with '${prefix}'.`);
    return found[0] as Resource;
  }

  get outputs(): Readonly<Record<string, { readonly Value: string }>> {
    return readable(this.template.Outputs) as Record<string, { Value: string }>;
  }
}

export class SynthesizedStack extends StackTemplate {
  constructor(context: Json = {}) {
    const app = channelApp(context);
    // Throws on a circular dependency between resources.
    super(Template.fromStack(app.node.findChild('NixChannelStack') as NixChannelStack).toJSON());
  }
}
