/**
 * Processes that cannot be left behind: each runs beside a small shell that holds the end of a pipe to us. When we end,
 * however that happens, the pipe closes, and the shell ends the whole process group: also a command that hangs and
 * never writes again, which a closed output alone would not tell anything.
 */
import { execa } from 'execa';
import { messageOf } from '../errors.ts';

export interface LeashedOptions {
  readonly command: readonly string[];
  readonly env?: Readonly<Record<string, string>> | undefined;
  readonly onOutput: (chunk: Buffer) => void;
  readonly onErrorOutput: (chunk: Buffer) => void;
}

/** How a process ended: with an exit code, or because it could not even be started. */
export interface Ending {
  readonly exitCode?: number;
  readonly problem?: string;
}

export interface Leashed {
  readonly ended: Promise<Ending>;
  /** Ends it and everything it started, by force where it must be; resolves soon, also where nothing helps. */
  stop(): Promise<void>;
}

/**
 * Starts "$@" without our stdin. The watcher reads until the pipe ends, asks the group to end, and within a second does
 * not ask any more; it survives its own asking.
 */
const leash = `
exec 3<&0 </dev/null
"$@" 3<&- &
child=$!
(
  trap '' TERM
  read -r _ <&3
  kill -s TERM -- "-$$"
  for _ in 1 2 3 4 5 6 7 8 9 10; do kill -s 0 "$child" && sleep 0.1; done
  kill -s KILL -- "-$$"
) >/dev/null 2>&1 &
watcher=$!
exec 3<&-
wait "$child"
code=$?
kill -s KILL "$watcher" 2>/dev/null
exit "$code"
`;

const stopWithinMs = 2_500;

/** Starts a command in a session of its own, where it finds no terminal to ask for a password and no Ctrl-C reaches it. */
export function startLeashed({ command, env, onOutput, onErrorOutput }: LeashedOptions): Leashed {
  const child = execa('/bin/sh', ['-c', leash, 'sh', ...command], {
    buffer: false,
    reject: false,
    detached: true,
    cleanup: false,
    // It needs no token to read a sensor.
    env: { SSH_ASKPASS_REQUIRE: 'never', VALID_TOKEN: undefined, ...env },
  });
  child.stdout.on('data', onOutput);
  child.stderr.on('data', onErrorOutput);
  for (const stream of [child.stdin, child.stdout, child.stderr]) stream.on('error', () => {});
  const ended = child.then(
    ({ exitCode, originalMessage }): Ending =>
      exitCode === undefined ? { problem: originalMessage ?? 'ended by a signal' } : { exitCode },
    (error: unknown): Ending => ({ problem: messageOf(error) }),
  );
  return {
    ended,
    async stop() {
      child.stdin.end();
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<void>(resolve => {
        timer = setTimeout(resolve, stopWithinMs);
      });
      await Promise.race([ended, late]);
      clearTimeout(timer);
      // Whatever still holds its output open must not hold us.
      child.stdout.destroy();
      child.stderr.destroy();
    },
  };
}
