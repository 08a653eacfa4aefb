/** Ends the command with this exit code, when all that there is to say has been printed. */
export class EndWith extends Error {
  readonly exitCode: number;

  constructor(exitCode: number) {
    super(`exit code ${exitCode}`);
    this.name = 'EndWith';
    this.exitCode = exitCode;
  }
}
