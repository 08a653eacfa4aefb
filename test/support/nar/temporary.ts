import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type InspectedFile, type InspectOptions, inspectFile } from '../../../lib/nar/inspect.ts';

/** A place for files of a test and one for what is spooled, in which nothing may be left. */
export class Temporary {
  readonly directory = mkdtempSync(join(tmpdir(), 'nar-test-'));
  readonly spools = mkdtempSync(join(tmpdir(), 'nar-spool-'));

  put(name: string, content: Uint8Array | string): string {
    const path = join(this.directory, name);
    writeFileSync(path, content);
    return path;
  }

  async inspectFile(path: string, options: Partial<InspectOptions> = {}): Promise<InspectedFile> {
    const outcome = inspectFile(path, { partSize: 1024 * 1024, spoolDirectory: this.spools, ...options });
    await outcome.catch(() => {});
    const left = readdirSync(this.spools);
    if (left.length > 0) throw new Error(`left behind: ${left.join(', ')}`);
    return outcome;
  }

  /** What is said of these bytes under that name. */
  inspect(content: Uint8Array, options: Partial<InspectOptions> = {}, name = 'a.tar'): Promise<InspectedFile> {
    return this.inspectFile(this.put(name, content), options);
  }

  remove(): void {
    rmSync(this.directory, { recursive: true });
    rmSync(this.spools, { recursive: true });
  }
}
