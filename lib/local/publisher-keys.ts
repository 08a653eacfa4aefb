import { randomBytes, randomUUID } from 'node:crypto';
import { closeSync, constants, fstatSync, linkSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isObject } from '../domain/names.ts';
import { BadSetting } from '../domain/problem.ts';
import { claimDataDir, keysFile } from './data-dir.ts';
import type { Publisher } from './gateway/authorize.ts';

function read(path: string): Publisher | undefined {
  let file: number;
  try {
    file = openSync(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    if ((fstatSync(file).mode & 0o077) !== 0)
      throw new BadSetting(
        'DATA_DIR',
        `has keys that other users can read: run chmod 600 ${path}, or remove the file to generate new keys`,
      );
    const stored: unknown = JSON.parse(readFileSync(file, 'utf8'));
    const { accessKeyId, secretAccessKey, region } = isObject(stored) ? stored : {};
    if (typeof accessKeyId === 'string' && typeof secretAccessKey === 'string' && typeof region === 'string')
      return { accessKeyId, secretAccessKey, region };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  } finally {
    closeSync(file);
  }
  throw new BadSetting('DATA_DIR', `has invalid keys: remove ${path} to generate new keys`);
}

/** The publisher's keys in a data directory, generated on first use. Only the owner can read the file. */
export function loadPublisher(dataDir: string): Publisher {
  claimDataDir(dataDir);
  const path = join(dataDir, keysFile);
  const stored = read(path);
  if (stored !== undefined) return stored;
  const generated: Publisher = {
    accessKeyId: `LOCAL${randomBytes(8).toString('hex').toUpperCase()}`,
    secretAccessKey: randomBytes(30).toString('base64url'),
    region: 'us-east-1',
  };
  const temporary = `${path}.${randomUUID()}`;
  writeFileSync(temporary, `${JSON.stringify(generated)}\n`, { mode: 0o600, flag: 'wx' });
  try {
    // A link appears with its whole content. If another process was faster, its keys are used.
    linkSync(temporary, path);
    return generated;
  } catch (error) {
    const other = read(path);
    if (other === undefined) throw error;
    return other;
  } finally {
    rmSync(temporary);
  }
}
