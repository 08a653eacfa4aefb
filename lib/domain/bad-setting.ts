/** A setting that is missing or wrong; it ends whatever was starting. The message names the setting and the accepted form. */
export class BadSetting extends Error {
  constructor(name: string, rule: string) {
    super(`${name} ${rule}.`);
    this.name = 'BadSetting';
  }
}
