import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { exitCodes, HarnessError } from '../errors.ts';
import { ask } from '../http/ask.ts';

/** A service that a command of the user's runs, until it is stopped. */
export interface CommandedService {
  stop(): Promise<void>;
}

export interface ServiceCommand {
  /** As a shell takes it; it runs as long as the service does. */
  readonly command: string;
  /** Answers 200 once the service may be asked. */
  readonly readyUrl: string;
  readonly readyWithinMs: number;
  /** Where what it prints goes. */
  readonly log: string;
}

/** How often it is asked whether it is ready, and how long it may take to end before it is killed. */
const askEveryMs = 500;
const endWithinMs = 30_000;

/**
 * Starts a service and resolves once it is ready. The command gets a process group of its own, so that all it started
 * ends with it. Throws a HarnessError where somebody is there already, where it ends before it is ready, or is not ready in time.
 */
export async function startByCommand(
  { command, readyUrl, readyWithinMs, log }: ServiceCommand,
  signal: AbortSignal,
): Promise<CommandedService> {
  if ((await ask({ url: readyUrl, timeoutMs: 2_000 })).status !== 0) {
    throw new HarnessError(`${readyUrl}: expected nobody there before \`${command}\` is started, got an answer`, {
      hint: 'whatever runs there would be measured in its place: stop it first',
      exitCode: exitCodes.unreachable,
    });
  }
  const output = openSync(log, 'a');
  const child = spawn(command, { shell: true, detached: true, stdio: ['ignore', output, output] });
  closeSync(output);
  const ended = new Promise<string>(resolve => {
    child.once('error', error => resolve(error.message));
    child.once('exit', (code, by) => resolve(by === null ? `exit code ${code}` : by));
  });
  let how: string | undefined;
  void ended.then(reason => {
    how = reason;
  });
  const signalAll = (name: NodeJS.Signals) => {
    if (child.pid === undefined) return;
    try {
      process.kill(-child.pid, name);
    } catch {
      // There is nobody left to tell.
    }
  };
  const stop = async () => {
    signalAll('SIGTERM');
    await Promise.race([ended, pause(endWithinMs, undefined, { ref: false })]);
    signalAll('SIGKILL');
    await ended;
  };
  const deadline = performance.now() + readyWithinMs;
  for (;;) {
    const { status } = await ask({ url: readyUrl, timeoutMs: 2_000 });
    if (status === 200 && how === undefined) return { stop };
    const isOver = performance.now() > deadline || signal.aborted;
    if (how !== undefined || isOver) {
      await stop();
      const got = how === undefined ? `no 200 (${status || 'no answer'}) in time` : `its end: ${how}`;
      throw new HarnessError(`${readyUrl}: expected 200 of what \`${command}\` starts, got ${got}`, {
        hint: `what it printed is in ${log}`,
        exitCode: exitCodes.unreachable,
      });
    }
    await pause(askEveryMs);
  }
}
