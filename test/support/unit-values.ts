/** A value of NixOS' `serviceConfig`. */
export type UnitValue = string | number | boolean | readonly string[];

/** A value as systemd's files have it: NixOS writes true and false, which mean yes and no. */
export const valuesOf = (value: UnitValue): readonly string[] =>
  [value].flat().map((one) => (typeof one === 'boolean' ? (one ? 'yes' : 'no') : String(one)));

export const rendered = (config: Readonly<Record<string, UnitValue>>): Readonly<Record<string, readonly string[]>> =>
  Object.fromEntries(Object.entries(config).map(([key, value]) => [key, valuesOf(value)]));

/** The section of a unit file. */
export const sectionOf = (config: Readonly<Record<string, UnitValue>>): string => {
  const lines = Object.entries(rendered(config)).flatMap(([key, values]) => values.map((value) => `${key}=${value}`));
  return `[Service]\n${lines.join('\n')}\n`;
};
