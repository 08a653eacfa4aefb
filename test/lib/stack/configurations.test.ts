import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import { checkTemplate } from '../../support/check-template.ts';
import { compareDigests, digestTemplate } from '../../support/digest-template.ts';
import { stackConfigurations } from '../../support/stack-configurations.ts';
import { channelApp, SynthesizedStack } from '../../support/synth-stack.ts';

interface PluginReport {
  readonly pluginName: string;
  readonly violations: readonly unknown[];
}

const names = Object.keys(stackConfigurations);
const stacks = Object.fromEntries(
  Object.entries(stackConfigurations).map(([name, context]) => [name, new SynthesizedStack(context)]),
) as Record<string, SynthesizedStack>;
const digests = Object.fromEntries(Object.entries(stacks).map(([name, stack]) => [name, digestTemplate(stack)]));
const standard = digests.default ?? [];

describe('the configurations', () => {
  it('are five', () => {
    expect(names).toEqual(['default', 'domain-and-jwt', 'everything', 'external-bucket', 'oidc-publisher']);
  });

  it('default: is this', () => {
    expect(`\n${standard.join('\n')}\n`).toMatchSnapshot();
  });

  it.each(names.filter((name) => name !== 'default'))('%s: differs from the default by this', (name) => {
    expect(`\n${compareDigests(standard, digests[name] ?? []).join('\n')}\n`).toMatchSnapshot();
  });

  it.each(names)('%s: has nothing that the checkers of others let through', (name) => {
    expect(checkTemplate(stacks[name] as SynthesizedStack)).toEqual([]);
  });

  it.each(names)('%s: has no finding of cdk-nag or of the CDK itself', (name) => {
    const app = channelApp(stackConfigurations[name]);
    Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
    const { directory } = app.synth();
    const { pluginReports } = JSON.parse(readFileSync(join(directory, 'validation-report.json'), 'utf8')) as {
      pluginReports: readonly PluginReport[];
    };

    expect(pluginReports.map(({ pluginName }) => pluginName)).toContain('AwsSolutions');
    expect(pluginReports.flatMap(({ violations }) => violations)).toEqual([]);
  });
});
