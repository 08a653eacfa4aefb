/** Why a request is not believed, in the words of S3's error codes. */
export interface SignatureFailure {
  readonly ok: false;
  readonly code:
    | 'AccessDenied'
    | 'AuthorizationHeaderMalformed'
    | 'AuthorizationQueryParametersError'
    | 'InvalidAccessKeyId'
    | 'InvalidArgument'
    | 'InvalidRequest'
    | 'InvalidToken'
    | 'RequestTimeTooSkewed'
    | 'SignatureDoesNotMatch';
  readonly message: string;
}

export function signatureFailure(code: SignatureFailure['code'], message: string): SignatureFailure {
  return { ok: false, code, message };
}
