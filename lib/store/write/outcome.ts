import { isBucketMissing, statusOf, unavailable } from './s3-failure.ts';

/** Runs a call; a status that `expected` names is its answer, any other failure is `Unavailable`. */
export async function outcome<Value, Expected extends string | undefined = never>(
  call: Promise<Value>,
  expected: Readonly<Record<number, Expected>>,
): Promise<Value | Expected> {
  try {
    return await call;
  } catch (error) {
    const status = statusOf(error);
    if (status !== undefined && status in expected && !isBucketMissing(error)) return expected[status] as Expected;
    throw unavailable(error);
  }
}
