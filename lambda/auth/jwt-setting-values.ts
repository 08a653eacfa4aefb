import { BadSetting } from '../../lib/domain/bad-setting.ts';
import { isText } from '../../lib/domain/is-text.ts';
import type { JwtSettingName, JwtSettingsSource } from './jwt-settings.ts';

const isLoopback = ({ hostname }: URL): boolean => ['localhost', '127.0.0.1', '[::1]'].includes(hostname);

const isFit = (url: URL): boolean =>
  (url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url))) &&
  url.username === '' &&
  url.hash === '';

/** Settings one by one: undefined where not set, and BadSetting, under the name that its user wrote, where not of the form. */
export class JwtSettingValues {
  readonly #source: JwtSettingsSource;

  constructor(source: JwtSettingsSource) {
    this.#source = source;
  }

  /** An empty text is refused: it may be a variable that was not set, and what it was to close would be open. */
  any(name: JwtSettingName): unknown {
    const value = this.#source.value(name);
    if (value === '') throw this.bad(name, 'is empty: give it a value, or leave it out');
    return value;
  }

  nameOf(name: JwtSettingName): string {
    return this.#source.nameOf(name);
  }

  /** @param rule completes a sentence that begins with the name of the setting */
  bad(name: JwtSettingName, rule: string): BadSetting {
    return new BadSetting(this.nameOf(name), rule);
  }

  list(name: JwtSettingName): readonly string[] | undefined {
    const given = this.any(name);
    const list = isText(given) ? given.split(',').map((item) => item.trim()) : given;
    if (list === undefined) return undefined;
    if (Array.isArray(list) && list.length > 0 && list.every((item) => isText(item) && item !== '')) return list;
    throw this.bad(name, 'must be a list, separated by commas, without empty entries');
  }

  wholeNumber(name: JwtSettingName, least: number, most: number): number | undefined {
    const given = this.any(name);
    if (given === undefined) return undefined;
    const number = isText(given) && /^\d{1,6}$/.test(given) ? Number(given) : given;
    if (typeof number === 'number' && Number.isInteger(number) && number >= least && number <= most) return number;
    throw this.bad(name, `must be a whole number from ${least} to ${most}`);
  }

  url(name: JwtSettingName): string | undefined {
    const given = this.any(name);
    if (given === undefined) return undefined;
    if (isText(given) && URL.canParse(given) && isFit(new URL(given))) return given;
    throw this.bad(name, 'must be an https:// URL without user and fragment');
  }

  /** The text of a file that the setting names. */
  file(name: JwtSettingName, path: string): string {
    try {
      return this.#source.readFile(path);
    } catch (error) {
      const code = (error as { code?: string }).code ?? 'error';
      throw this.bad(name, `names ${JSON.stringify(path)}, which cannot be read (${code})`);
    }
  }

  /** JSON that the setting holds, as a value or as text that begins with `[`, or that the file holds which it names. */
  jsonList(name: JwtSettingName): unknown {
    const given = this.any(name);
    if (!isText(given)) return given;
    const text = /^\s*\[/.test(given) ? given : this.file(name, given);
    try {
      return JSON.parse(text);
    } catch {
      throw this.bad(name, 'is not JSON');
    }
  }

  /** Throws for the first of these that is set, where what they belong to is not. */
  refuseWithout(needed: JwtSettingName, names: readonly JwtSettingName[]): void {
    const idle = names.find((name) => this.any(name) !== undefined);
    if (idle !== undefined) throw this.bad(idle, `is set without ${this.nameOf(needed)}, whose tokens it is about`);
  }
}
