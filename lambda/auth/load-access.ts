import { BadSetting } from '../../lib/domain/bad-setting.ts';
import { isObject } from '../../lib/domain/is-object.ts';
import { describeError } from '../http/log.ts';
import type { Access } from './access.ts';
import { type AccessOptions, closedAccess, createAccess } from './create-access.ts';
import type { JwtSettings } from './jwt-settings.ts';

function readSettings(text: string | undefined): JwtSettings {
  try {
    const value: unknown = JSON.parse(text ?? '');
    if (isObject(value) && ('keys' in value || 'issuer' in value)) return value as unknown as JwtSettings;
  } catch {
    // Without the parser's own message: it quotes what it was given.
  }
  throw new BadSetting('ACCESS', 'must be "open" or the JSON that the stack makes of its JWT settings');
}

/**
 * Access as the function's environment has it. A function that cannot read its settings must not be open, and must not fail
 * to start either, for then not even public channels would be served.
 */
export function loadAccess(text: string | undefined, options: Omit<AccessOptions, 'settings'>): Access {
  try {
    return createAccess({ ...options, settings: readSettings(text) });
  } catch (error) {
    options.log('error', 'no keys', { error: describeError(error) });
    return closedAccess(error);
  }
}
