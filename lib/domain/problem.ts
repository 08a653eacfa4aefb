/**
 * An error that a request is answered with: a status, a short code for programs, and a sentence for the client. The `cause` is
 * only for the log. Anything else that is thrown is a defect and answered with 500.
 */
export class Problem extends Error {
  readonly status: number;
  readonly code: string;
  readonly field: string | undefined;

  constructor(status: number, code: string, sentence: string, options: { field?: string; cause?: unknown } = {}) {
    // It is an answer, of which no stack is ever shown. Collecting one takes longer than a good answer as a whole.
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    super(sentence, options.cause === undefined ? {} : { cause: options.cause });
    Error.stackTraceLimit = stackTraceLimit;
    this.name = 'Problem';
    this.status = status;
    this.code = code;
    this.field = options.field;
  }
}

/** A part of the request is invalid; `field` names it. */
export class InvalidInput extends Problem {
  constructor(field: string, sentence: string) {
    super(400, 'invalid-input', sentence, { field });
  }
}

export class NotFound extends Problem {
  constructor(sentence: string, options: { cause?: unknown } = {}) {
    super(404, 'not-found', sentence, options);
  }
}

export class MethodNotAllowed extends Problem {
  constructor() {
    super(405, 'method-not-allowed', 'Only GET and HEAD are allowed here.');
  }
}

export class Gone extends Problem {
  constructor(sentence: string) {
    super(410, 'gone', sentence);
  }
}

export class PreconditionFailed extends Problem {
  constructor(sentence: string) {
    super(412, 'precondition-failed', sentence);
  }
}

/** "Try again", and nothing else. */
export class Unavailable extends Problem {
  constructor(sentence: string, cause?: unknown) {
    super(503, 'unavailable', sentence, { cause });
  }
}

/** A setting that is missing or invalid. It ends the start; the message names the setting and what is accepted. */
export class BadSetting extends Error {
  constructor(name: string, rule: string) {
    super(`${name} ${rule}.`);
    this.name = 'BadSetting';
  }
}
