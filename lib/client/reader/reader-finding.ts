import type { Severity } from '../../api/finding.ts';

/** A finding of either doctor, as it is printed. */
export interface ShownFinding {
  readonly kind: string;
  readonly severity: Severity;
  readonly subject: string;
  readonly means: string;
  readonly fix: string;
  readonly fixable: boolean;
  readonly fixed?: boolean;
}

/** error: Nix fails or locks something wrong; warning: it will; info: good to know. */
const severities = {
  unreachable: 'error',
  proxy: 'warning',
  'other-service': 'error',
  moved: 'warning',
  unavailable: 'error',
  refused: 'error',
  'not-found': 'error',
  clock: 'warning',
  'nix-old': 'error',
  http: 'warning',
  'no-extension': 'warning',
  'link-missing': 'error',
  'link-form': 'error',
  'base-url': 'error',
  'permanent-broken': 'error',
  'bucket-broken': 'error',
  'archive-refused': 'warning',
  'archive-not-looked-at': 'info',
  'netrc-unreadable': 'error',
  'netrc-damaged': 'error',
  'netrc-no-entry': 'error',
  'netrc-unread': 'error',
  'netrc-no-password': 'error',
  'netrc-bucket': 'error',
  'netrc-default': 'warning',
  'netrc-no-login': 'warning',
  'netrc-open': 'warning',
  'token-dropped': 'error',
  'token-long': 'info',
  'token-form': 'warning',
  'token-refused': 'error',
  'token-expires': 'warning',
  'token-scope': 'error',
  'lock-floating': 'error',
  'lock-expiring': 'error',
  'lock-elsewhere': 'error',
  'lock-credentials': 'error',
  'lock-nothing': 'info',
} as const satisfies Readonly<Record<string, Severity>>;

export type ReaderKind = keyof typeof severities;

/** Something that keeps Nix from reading, or will. */
export interface ReaderFinding extends ShownFinding {
  readonly kind: ReaderKind;
}

export const readerKinds = Object.keys(severities) as readonly ReaderKind[];

/** @param subject an address, a host or a file; never a token */
export const readerFinding = (kind: ReaderKind, subject: string, means: string, fix: string): ReaderFinding => ({
  kind,
  severity: severities[kind],
  subject,
  means,
  fix,
  fixable: false,
});

/** Where what is wrong keeps nobody from reading now. */
export const asWarning = (found: ReaderFinding): ReaderFinding => ({ ...found, severity: 'warning' });
