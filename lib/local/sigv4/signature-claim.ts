/** What a request says about its own signature, before anything of it is believed. */
export interface SignatureClaim {
  readonly ok: true;
  readonly mechanism: 'header' | 'query';
  readonly accessKeyId: string;
  readonly scope: string;
  readonly date: string;
  /** Seconds from `date` for which a presigned request holds. */
  readonly expires?: number;
  readonly signedHeaders: readonly string[];
  readonly signature: string;
}
