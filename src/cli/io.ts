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
  write(text: string): void;
  readonly isTTY: boolean;
  /** 80 where there is no terminal. */
  readonly columns: number;
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
