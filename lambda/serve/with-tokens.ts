// Loaded while the sandbox starts, where readers need tokens.
import './core.ts';

export { loadAccess } from '../auth/create-access.ts';
export { resolveRestricted } from './restricted-release.ts';
