/** As CloudFormation has it. */
export interface LifecycleRule {
  readonly Id: string;
  readonly Status: string;
  readonly Prefix?: string;
  readonly AbortIncompleteMultipartUpload?: object;
  readonly ExpirationInDays?: number;
  readonly ExpiredObjectDeleteMarker?: boolean;
  readonly NoncurrentVersionExpiration?: object;
  readonly TagFilters?: readonly { readonly Key: string; readonly Value: string }[];
  readonly Transitions?: readonly { readonly StorageClass: string }[];
}
