import type { S3Client } from '@aws-sdk/client-s3';

interface Sent {
  readonly name: string;
  readonly input: Readonly<Record<string, unknown>>;
}

/** A client that gives these answers in turn and keeps what was asked. */
export function answeringS3(...answers: object[]): { readonly sent: readonly Sent[]; readonly client: S3Client } {
  const sent: Sent[] = [];
  const client = {
    send: async (command: { readonly input: Sent['input'] }) => {
      sent.push({ name: command.constructor.name, input: command.input });
      const answer = answers[sent.length - 1] ?? {};
      if ('message' in answer) throw answer;
      return answer;
    },
  } as unknown as S3Client;
  return { sent, client };
}
