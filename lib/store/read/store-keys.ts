export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/** The keys that requests to the bucket are signed with. */
export interface StoreKeys {
  /** At once where they are at hand. */
  readonly get: () => Credentials | Promise<Credentials>;
  /** Counts up when other keys take the place of those before: URLs that these signed are of no more use. */
  readonly generation: () => number;
  /** After the store refused these: whether there are others now. Absent where they never change. */
  readonly renew?: (refused: Credentials) => Promise<boolean>;
}

/** A role's keys stay the same for the life of a sandbox. */
export const fixedKeys = (credentials: Credentials): StoreKeys => ({ get: () => credentials, generation: () => 0 });
