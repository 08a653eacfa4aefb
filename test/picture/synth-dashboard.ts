import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { NixChannelStack } from '../../lib/stack/nix-channel-stack.ts';
import { parseStackSettings } from '../../lib/stack/settings/parse-stack-settings.ts';
import { readable } from '../support/readable.ts';

interface Resource {
  readonly Type: string;
  // biome-ignore lint/suspicious/noExplicitAny: the properties of any resource
  readonly Properties: any;
}

/** The dashboard that a stack of these settings has, as JSON, and its alarms by logical id. */
export function synthDashboard(settings: Readonly<Record<string, unknown>>): {
  readonly body: string;
  readonly alarms: ReadonlyMap<string, Resource['Properties']>;
} {
  const outdir = mkdtempSync(join(tmpdir(), 'nix-channel-dashboard-'));
  try {
    const { context } = JSON.parse(readFileSync(new URL('../../cdk.json', import.meta.url), 'utf8'));
    const app = new App({ outdir, context: { ...context, ...settings, 'aws:cdk:bundling-stacks': [] } });
    const stack = new NixChannelStack(app, 'NixChannelStack', parseStackSettings(app.node.getAllContext()));
    const resources = Object.entries<Resource>(Template.fromStack(stack).toJSON().Resources);
    const of = (type: string) => resources.filter(([, { Type }]) => Type === type);
    const [[, dashboard]] = of('AWS::CloudWatch::Dashboard') as [[string, Resource]];
    return {
      body: readable(dashboard.Properties.DashboardBody) as string,
      alarms: new Map(of('AWS::CloudWatch::Alarm').map(([id, { Properties }]) => [id, readable(Properties)])),
    };
  } finally {
    rmSync(outdir, { recursive: true });
  }
}
