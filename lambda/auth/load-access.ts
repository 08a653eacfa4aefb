import { describeError } from '../http/log.ts';
import type { Access } from './access.ts';
import { type AccessOptions, closedAccess, createAccess } from './create-access.ts';
import { readStoredSettings } from './stored-settings.ts';

/**
 * Access as the function's environment has it. A function that cannot read its settings must not be open, and must not fail
 * to start either, for then not even public channels would be served.
 */
export function loadAccess(text: string | undefined, options: Omit<AccessOptions, 'settings'>): Access {
  try {
    return createAccess({ ...options, settings: readStoredSettings(text) });
  } catch (error) {
    options.log('error', 'no keys', { error: describeError(error) });
    return closedAccess(error);
  }
}
