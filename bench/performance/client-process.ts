import { type ChildProcess, execFileSync, fork } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type LaunchedNullTarget, launchNullTarget } from '../../src/simulator/null-target/launch.ts';
import type { Asking } from './clients.ts';
import type { Cost, Held, Work } from './work.ts';

/** Whatever a client does in one go is done within this, or it is stuck. */
const patienceMs = 120_000;

/** A client in a process of its own, with a null target of its own. */
export class ClientProcess {
  readonly name: string;
  readonly target: LaunchedNullTarget;
  readonly #child: ChildProcess;
  /** Everything it writes lies in here. */
  readonly #folder: string;

  private constructor(name: string, target: LaunchedNullTarget, child: ChildProcess, folder: string) {
    this.name = name;
    this.target = target;
    this.#child = child;
    this.#folder = folder;
  }

  static async start(name: string): Promise<ClientProcess> {
    const folder = mkdtempSync(join(tmpdir(), 'tgi-bench-'));
    const [goPath, donePath] = ['go', 'done'].map(pipe => join(folder, pipe)) as [string, string];
    execFileSync('mkfifo', [goPath, donePath]);
    const target = await launchNullTarget({ gate: { goPath, donePath } });
    const program = fileURLToPath(new URL('../self-client.js', import.meta.url));
    const child = fork(program, [name, goPath, donePath], {
      execArgv: ['--expose-gc'],
      env: { ...process.env, TMPDIR: folder },
    });
    return new ClientProcess(name, target, child, folder);
  }

  ask(asking: Omit<Asking, 'url'>): Promise<Cost> {
    return this.#told({ kind: 'ask', url: this.target.url, ...asking }) as Promise<Cost>;
  }

  idle(streams: number): Promise<Held> {
    return this.#told({ kind: 'idle', url: this.target.url, streams }) as Promise<Held>;
  }

  async stop(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.target.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #told(work: Work): Promise<unknown> {
    this.#child.send(work);
    return new Promise((resolve, reject) => {
      const told = (result: unknown) => {
        end();
        resolve(result);
      };
      const failed = () => {
        end();
        reject(new Error(`${this.name}: its process ended, or did nothing for ${patienceMs / 1000} s`));
      };
      const end = () => {
        clearTimeout(timer);
        this.#child.off('message', told).off('exit', failed);
      };
      const timer = setTimeout(failed, patienceMs);
      this.#child.once('message', told).once('exit', failed);
    });
  }
}
