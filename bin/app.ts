import { App, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import { NixChannelStack } from '../lib/stack/nix-channel-stack.ts';
import { InvalidSetting, parseStackSettings } from '../lib/stack/stack-settings.ts';

try {
  const app = new App();
  new NixChannelStack(app, 'NixChannelStack', parseStackSettings(app.node.getAllContext()));
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
} catch (error) {
  if (!(error instanceof InvalidSetting)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
