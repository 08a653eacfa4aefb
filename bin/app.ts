import { App, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import { BadSetting } from '../lib/domain/problem.ts';
import { NixChannelStack } from '../lib/stack/nix-channel-stack.ts';
import { parseStackSettings } from '../lib/stack/settings/parse-stack-settings.ts';

try {
  const app = new App();
  new NixChannelStack(app, 'NixChannelStack', parseStackSettings(app.node.getAllContext()));
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
} catch (error) {
  if (!(error instanceof BadSetting)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
