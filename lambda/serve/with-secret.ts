// Loaded while the sandbox starts, where the bucket's keys are in a secret.
import './core.ts';

export { openKeys } from '../http/open-keys.ts';
