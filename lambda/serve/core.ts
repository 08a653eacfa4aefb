/**
 * What every service loads while it starts. Modules that only some services load import this too, so that the bundler puts all
 * that they share into one file: each further file makes every cold start slower.
 */
export { createPresign } from '../../lib/store/read/presign.ts';
export { createServe } from './create-serve.ts';
