import { relative } from 'node:path';

/** What a command touches of the process it runs in, handed in so that a command is a function a test can call. */
export interface Io {
  readonly stdout: Output;
  readonly stderr: Output;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly directory: string;
  /** Aborted by the first Ctrl-C or SIGTERM, with the exit code as its reason. */
  readonly interrupted: AbortSignal;
}

export interface Output {
  /** What is drawn makes way for it. */
  write(text: string): void;
  /** Shows these lines where those drawn before stand, until something is written. Only where `isDrawable`; cuts what does not fit. */
  draw(lines: readonly string[]): void;
  /** Whether it is a terminal on which lines can be drawn over. */
  readonly isDrawable: boolean;
  /** 80 and 24 where there is no terminal. */
  readonly columns: number;
  readonly rows: number;
  readonly colour: boolean;
}

/** One line, with its end. */
export function say(output: Output, text: string): void {
  output.write(`${text}\n`);
}

/** A path as a person would type it: relative where it lies below the working directory. */
export function shownPath(path: string, directory: string): string {
  const below = relative(directory, path);
  return below.startsWith('..') ? path : below || '.';
}
