import type { HeaderValues } from '../sigv4/header-values.ts';

/** A request as it came over the socket. */
export interface GatewayRequest {
  readonly method: string;
  /** As they stand in the request line. */
  readonly rawPath: string;
  readonly rawQuery: string;
  readonly headers: HeaderValues;
  readonly body: Buffer;
  readonly sourceIp: string;
  readonly requestId: string;
  /** Milliseconds since 1970. */
  readonly receivedAt: number;
}
