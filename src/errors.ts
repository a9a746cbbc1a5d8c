/**
 * The exit codes, in the order in which they win where several hold at once: a signal first, then what made the
 * run worthless, then what it found.
 */
export const exitCodes = {
  done: 0,
  internal: 1,
  usage: 2,
  objectiveMissed: 3,
  regression: 4,
  inconclusive: 5,
  invalid: 6,
  unreachable: 7,
  noData: 8,
  interrupted: 130,
  terminated: 143,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

const precedence: readonly ExitCode[] = [130, 143, 1, 2, 7, 8, 6, 3, 4, 5, 0];

/** The one exit code that speaks for all of `codes`; 0 for none. */
export function worstExitCode(codes: readonly ExitCode[]): ExitCode {
  return precedence.find(code => codes.includes(code)) ?? exitCodes.done;
}

/** A failure of the harness or of its input, never of a request: what is wrong and where, and what to do about it. */
export class HarnessError extends Error {
  readonly hint: string | undefined;
  readonly exitCode: ExitCode;

  constructor(message: string, options: { hint?: string | undefined; exitCode: ExitCode; cause?: unknown }) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'HarnessError';
    this.hint = options.hint;
    this.exitCode = options.exitCode;
  }
}

/** The text of anything that was thrown, on one line. */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const causes = error instanceof AggregateError ? error.errors.map(messageOf).join('; ') : '';
  return (error.message || causes || error.name).replaceAll(/\s+/g, ' ');
}
