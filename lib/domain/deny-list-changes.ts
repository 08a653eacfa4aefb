import type { Denial, DenialKind, DenyList } from './deny-list.ts';
import type { Author } from './record-changes.ts';

const keptChanges = 200;

type Subject = Pick<Denial, 'kind' | 'value'>;

/** One operation on the deny list. Verifiers do not read it. */
export interface DenyListChange extends Author {
  readonly action: 'revoke' | 'unrevoke';
  readonly kind: DenialKind;
  readonly value: string | number;
}

const isChange = (value: unknown): value is DenyListChange => {
  if (typeof value !== 'object' || value === null) return false;
  const { action, operation, at, by, kind } = value as Partial<DenyListChange>;
  return ['revoke', 'unrevoke'].includes(action ?? '') && [operation, at, by, kind].every((text) => text !== undefined);
};

/** The newest changes, oldest first; what is damaged is dropped. */
const historyOf = ({ others: { history } }: DenyList): readonly DenyListChange[] =>
  Array.isArray(history) ? history.filter(isChange) : [];

export const denyListChangeOf = (list: DenyList, operation: string): DenyListChange | undefined =>
  historyOf(list).find((change) => change.operation === operation);

const isOf =
  ({ kind, value }: Subject) =>
  (denial: Denial): boolean =>
    denial.kind === kind && denial.value === value;

export const denialOf = ({ denials }: DenyList, subject: Subject): Denial | undefined => denials.find(isOf(subject));

function changed(
  list: DenyList,
  denials: readonly Denial[],
  action: DenyListChange['action'],
  { kind, value }: Subject,
  author: Author,
): DenyList {
  const history = [...historyOf(list), { action, kind, value, ...author }].slice(-keptChanges);
  return { denials, others: { ...list.others, history } };
}

/**
 * The list with an entry more, or with one that ends later: no entry is ever shortened. Undefined where what is asked for is
 * so already.
 */
export function withDenial(
  list: DenyList,
  asked: Subject & Pick<Denial, 'until' | 'reason'>,
  author: Author,
): DenyList | undefined {
  const there = denialOf(list, asked);
  if (there !== undefined && there.until >= asked.until) return undefined;
  const denials =
    there === undefined
      ? [...list.denials, { ...asked, ...author }]
      : list.denials.map((denial) => (isOf(asked)(denial) ? { ...there, ...asked } : denial));
  return changed(list, denials, 'revoke', asked, author);
}

/** The list without the entry. Undefined where it has none. */
export const withoutDenial = (list: DenyList, asked: Subject, author: Author): DenyList | undefined =>
  denialOf(list, asked) === undefined
    ? undefined
    : changed(
        list,
        list.denials.filter((denial) => !isOf(asked)(denial)),
        'unrevoke',
        asked,
        author,
      );
