/** One thing that a deployment may choose by CDK context: `-c name=value`, or a key of `context` in cdk.json. */
export interface Setting<T> {
  /** Completes "must be …" for whoever gave another value. */
  readonly accepted: string;
  readonly fallback: T;
  /** Undefined when the value is not of the accepted form. The command line gives text, cdk.json numbers and objects too. */
  readonly parse: (value: unknown) => Exclude<T, undefined> | undefined;
  /** What the README's table says of it. */
  readonly about: string;
  /** What that table calls the default, where `fallback` does not say it. */
  readonly standard?: string;
}

/** biome-ignore lint/suspicious/noExplicitAny: a setting of whatever type; `unknown` would not take `parse` */
export type SettingGroup = Readonly<Record<string, Setting<any>>>;

export type Parsed<Group extends SettingGroup> = {
  readonly [Name in keyof Group]: Group[Name] extends Setting<infer T> ? T : never;
};
