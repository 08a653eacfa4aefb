export interface Statement {
  readonly Effect: string;
  readonly Action?: string | readonly string[];
  readonly NotAction?: string | readonly string[];
  readonly Resource?: string | readonly string[];
  readonly NotResource?: string | readonly string[];
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly Sid?: string;
}

/** Every statement of a policy that lies anywhere in there, in JSON text as well. */
export function policyStatements(value: unknown): Statement[] {
  if (typeof value === 'string') {
    if (!value.startsWith('{') || !value.includes('"Effect"')) return [];
    return policyStatements(JSON.parse(value));
  }
  if (typeof value !== 'object' || value === null) return [];
  if ('Effect' in value && ('Action' in value || 'NotAction' in value)) return [value as Statement];
  return Object.values(value).flatMap(policyStatements);
}

export const asList = (value: string | readonly string[] | undefined): readonly string[] =>
  typeof value === 'string' ? [value] : (value ?? []);
