import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { execa } from 'execa';
import { describe, expect, it } from 'vitest';
import { type Leashed, startLeashed } from '../../src/telemetry/leashed.ts';

/** Runs a shell script on the leash; what it prints is in `said`. */
function leashed(
  script: string,
  ...rest: string[]
): Leashed & { said: () => string; until(text: string): Promise<void> } {
  let said = '';
  const listen = (chunk: Buffer) => {
    said += chunk.toString();
  };
  const started = startLeashed({ command: ['sh', '-c', script, ...rest], onOutput: listen, onErrorOutput: listen });
  return {
    ...started,
    said: () => said,
    async until(text) {
      while (!said.includes(text)) await new Promise(done => setTimeout(done, 5));
    },
  };
}

const isAlive = (pid: number) => {
  try {
    // A process that has ended and was not waited for is none.
    return !/^\d+ \(.*\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
};

const pidIn = (text: string) => Number(/pid (\d+)/.exec(text)?.[1]);

/** Resolves when a process has gone; the test's own limit ends what never goes. */
async function gone(pid: number): Promise<void> {
  while (isAlive(pid)) await new Promise(done => setTimeout(done, 10));
}

describe('a process on the leash', () => {
  it('ends with its own exit code, and says what it said', async () => {
    const { ended, said } = leashed('echo hello; echo no >&2; exit 9');
    expect(await ended).toEqual({ exitCode: 9 });
    expect(said()).toContain('hello');
    expect(said()).toContain('no');
  });

  it.each([
    ['/nowhere/nvidia-smi', 127],
    ['/etc/passwd', 126],
  ])('tells that %s is no command', async (file, exitCode) => {
    const nothing = () => {};
    const { ended } = startLeashed({ command: [file], onOutput: nothing, onErrorOutput: nothing });
    expect(await ended).toEqual({ exitCode });
  });

  it('gets its arguments as they are, and neither our input nor the token nor a terminal', async () => {
    const { ended, said } = leashed(
      'printf "%s|" "$@"; cat; echo "token<$VALID_TOKEN>"; (: </dev/tty) 2>/dev/null && echo tty',
      'sh',
      "a b'c",
      '$(id)',
    );
    await ended;
    expect(said()).toBe("a b'c|$(id)|token<>\n");
  });

  it('is ended with all that it started, also where it does not listen', async () => {
    const { said, until, stop } = leashed(
      'trap "" TERM; (trap "" TERM; while :; do sleep 0.05; done) & echo "pid $!"; while :; do sleep 0.05; done',
    );
    await until('pid');
    await stop();
    await gone(pidIn(said()));
  });

  it('is ended although it hangs and never writes again, when we are killed', async () => {
    const harness = execa(
      process.execPath,
      [
        '--input-type=module',
        '-e',
        `import { startLeashed } from ${JSON.stringify(resolve('dist/telemetry/leashed.js'))};
         const show = chunk => process.stdout.write(chunk);
         startLeashed({ command: ['sh', '-c', 'echo "pid $$"; sleep 100'], onOutput: show, onErrorOutput: show });`,
      ],
      { reject: false },
    );
    const [said] = (await once(harness.stdout, 'data')) as [Buffer];
    const pid = pidIn(said.toString());
    expect(isAlive(pid)).toBe(true);
    harness.kill('SIGKILL');
    await gone(pid);
  });
});
