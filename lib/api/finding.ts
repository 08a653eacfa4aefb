export type Severity = 'error' | 'warning' | 'info';

/**
 * error: readers are refused or get something wrong, or a rule of the bucket will cause that. warning: they may be, or will be if
 * nothing is done, or a protection is missing. info: nobody is affected.
 */
const kinds = {
  'catalog-damaged': { severity: 'error', fixable: false },
  'catalog-missing': { severity: 'info', fixable: false },
  'catalog-bad-name': { severity: 'error', fixable: false },
  'catalog-duplicate': { severity: 'info', fixable: true },
  'catalog-removed': { severity: 'warning', fixable: true },
  'public-unknown': { severity: 'info', fixable: false },
  'deny-list-damaged': { severity: 'error', fixable: false },
  'record-missing': { severity: 'error', fixable: false },
  'record-damaged': { severity: 'error', fixable: false },
  'record-removed': { severity: 'warning', fixable: true },
  'record-restored': { severity: 'error', fixable: false },
  'record-unlisted': { severity: 'warning', fixable: false },
  'latest-missing': { severity: 'error', fixable: false },
  'latest-yanked': { severity: 'error', fixable: false },
  'latest-in-previous': { severity: 'warning', fixable: true },
  'previous-missing': { severity: 'error', fixable: false },
  'previous-deleted': { severity: 'info', fixable: false },
  'retired-present': { severity: 'info', fixable: false },
  'takedown-present': { severity: 'warning', fixable: false },
  'previous-duplicate': { severity: 'warning', fixable: true },
  'previous-bad-name': { severity: 'warning', fixable: false },
  'facts-stale': { severity: 'warning', fixable: true },
  'facts-missing': { severity: 'warning', fixable: true },
  'release-facts-missing': { severity: 'info', fixable: true },
  'release-facts-damaged': { severity: 'warning', fixable: true },
  'object-link': { severity: 'error', fixable: false },
  'object-encoding': { severity: 'error', fixable: false },
  'object-empty': { severity: 'error', fixable: false },
  'object-refused': { severity: 'error', fixable: false },
  'object-unnamed': { severity: 'info', fixable: false },
  'object-unknown': { severity: 'info', fixable: false },
  'upload-open': { severity: 'info', fixable: false },
  'upload-overdue': { severity: 'warning', fixable: false },
  'policy-missing': { severity: 'warning', fixable: false },
  'lifecycle-missing': { severity: 'warning', fixable: false },
  'lifecycle-expires': { severity: 'error', fixable: false },
  'lifecycle-forgets': { severity: 'warning', fixable: false },
  'lifecycle-archives': { severity: 'error', fixable: false },
  'versioning-off': { severity: 'warning', fixable: false },
  'public-access': { severity: 'warning', fixable: false },
  'guard-unseen': { severity: 'info', fixable: false },
} as const satisfies Readonly<Record<string, { readonly severity: Severity; readonly fixable: boolean }>>;

export type Kind = keyof typeof kinds;

/** Something in the bucket that is wrong, or good to know. */
export interface Finding {
  readonly kind: Kind;
  readonly severity: Severity;
  /** A channel or a key. */
  readonly subject: string;
  /** What it means for readers. */
  readonly means: string;
  /** What to do. */
  readonly fix: string;
  /** Whether `--fix` mends it: that takes no decision. */
  readonly fixable: boolean;
}

export const findingKinds = Object.keys(kinds) as readonly Kind[];

export const finding = (kind: Kind, subject: string, means: string, fix: string): Finding => ({
  kind,
  severity: kinds[kind].severity,
  subject,
  means,
  fix,
  fixable: kinds[kind].fixable,
});
