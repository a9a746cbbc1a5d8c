/**
 * A tool that prints what GPUs show, as one process for the whole run. Invariant: whatever becomes of it, a line says
 * so and the run goes on; it is started again while there is hope, and never left behind.
 */
import type { Clock } from '../clock.ts';
import { excerpt } from '../protocol/outcome.ts';
import type { GpuLine, GpuSample } from '../record/gpu-sample.ts';
import { clockAheadMs } from './clock-ahead.ts';
import type { GpuDialogue, GpuRow } from './gpu-tools.ts';
import { type Ending, type Leashed, startLeashed } from './leashed.ts';
import { Lines } from './lines.ts';
import type { Watch } from './watch.ts';

export interface GpuCommandOptions {
  /** The tool with whatever leads to it, without the arguments of the dialogue. */
  readonly command: readonly string[];
  readonly dialogue: GpuDialogue;
  readonly env?: Readonly<Record<string, string>>;
  readonly source: string;
  readonly host?: string | undefined;
  /** Whether its GPUs are those of the embedded service; a look-alike says so itself as well. */
  readonly simulated: boolean;
  readonly clock: Clock;
  readonly listen: (line: GpuLine) => void;
  /** The MIG instances of each GPU, by its UUID. */
  readonly instances?: ReadonlyMap<string, readonly string[]>;
  /** How often every GPU must have been shown for the watch to be settled. */
  readonly settlesAfter: number;
  /** How long it may say nothing. */
  readonly patienceMs: number;
  /** Before it is started again for the first time; doubles up to the most. */
  readonly backoffMs?: number;
}

/** More in a second than a thousand GPUs would need. */
const mostBytesPerS = 1_000_000;
/** So many lines without a row among them are no table. */
const mostOtherLines = 200;
const longestBackoffMs = 60_000;
/** What a shell says of a command that is not there, or is none: it will not come to be. */
const hopeless: readonly (number | undefined)[] = [126, 127];

/** Starts it; the watch is settled once every GPU was shown often enough, or it failed. */
export function watchGpuCommand(options: GpuCommandOptions): Watch {
  const watched = new GpuCommand(options);
  watched.start();
  return watched;
}

/** Asking again where a host lets nobody in can lock its door for others. */
const isShutOut = /permission denied|host key verification failed/i;

class GpuCommand implements Watch {
  readonly #options: GpuCommandOptions;
  #dialogue: GpuDialogue;
  #process: Leashed | undefined;
  #failures = 0;
  /** What it said besides rows, to explain its end. */
  #words = '';
  #otherLines = 0;
  #hasRows = false;
  #reason: string | undefined;
  #isHopeless = false;
  #isStopped = false;
  #simulated: boolean;
  #bytes = { sinceMs: 0, count: 0 };
  readonly #seen = new Map<string, number>();
  #calm: () => void = () => {};
  #callOff: () => void = () => {};
  #settle: () => void = () => {};
  readonly settled: Promise<void>;

  constructor(options: GpuCommandOptions) {
    this.#options = options;
    this.#dialogue = options.dialogue;
    this.#simulated = options.simulated;
    this.settled = new Promise(resolve => {
      this.#settle = resolve;
    });
  }

  start(): void {
    const { command, env } = this.#options;
    const lines = new Lines();
    [this.#words, this.#otherLines, this.#hasRows, this.#reason] = ['', 0, false, undefined];
    const process = startLeashed({
      command: [...command, ...this.#dialogue.arguments],
      env,
      onOutput: chunk => this.#output(chunk, lines),
      onErrorOutput: chunk => this.#other(chunk.toString()),
    });
    this.#process = process;
    this.#wait();
    void process.ended.then(ending => this.#ended(process, ending));
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#calm();
    this.#callOff();
    this.#settle();
    await this.#process?.stop();
  }

  #output(chunk: Buffer, lines: Lines): void {
    if (this.#isStopped || this.#reason !== undefined) return;
    const nowMs = this.#options.clock.nowMs();
    if (nowMs - this.#bytes.sinceMs > 1_000) this.#bytes = { sinceMs: nowMs, count: 0 };
    this.#bytes.count += chunk.length;
    if (this.#bytes.count > mostBytesPerS) {
      this.#isHopeless = true;
      this.#giveUp('printed more than 1 MB in a second');
      return;
    }
    for (const line of lines.push(chunk)) {
      if (this.#reason !== undefined) return;
      const row = this.#dialogue.read(line);
      if (row !== undefined) this.#row(row, nowMs);
      else if (line !== '') {
        this.#other(`${line}\n`);
        if (++this.#otherLines > mostOtherLines) this.#giveUp('printed no rows');
      }
    }
  }

  #other(text: string): void {
    if (this.#words.length < 400) this.#words += text.slice(0, 400);
  }

  #row({ printedTime, device, ...values }: GpuRow, nowMs: number): void {
    const { source, host, listen, instances } = this.#options;
    this.#wait();
    [this.#failures, this.#hasRows, this.#words, this.#otherLines] = [0, true, '', 0];
    this.#simulated = this.#options.simulated || (device.name?.includes('(simulated)') ?? false);
    const own = instances?.get(device.uuid ?? '');
    const ahead = clockAheadMs(printedTime, Date.now());
    const sample: GpuSample = {
      atMs: Math.round(nowMs * 1000) / 1000,
      source,
      simulated: this.#simulated,
      device: { ...(host === undefined ? {} : { host }), ...device, ...(own === undefined ? {} : { instances: own }) },
      ...values,
      ...(ahead === undefined ? {} : { clockAheadMs: ahead }),
    };
    listen(sample);
    const key = device.uuid ?? String(device.index);
    this.#seen.set(key, (this.#seen.get(key) ?? 0) + 1);
    if (Math.min(...this.#seen.values()) >= this.#options.settlesAfter) this.#settle();
  }

  /** Sets its patience anew. */
  #wait(): void {
    const { clock, patienceMs } = this.#options;
    this.#calm();
    this.#calm = clock.at(clock.nowMs() + patienceMs, () => this.#giveUp(`said nothing for ${patienceMs / 1000} s`));
  }

  #giveUp(reason: string): void {
    if (this.#reason !== undefined) return;
    this.#reason = reason;
    this.#calm();
    const process = this.#process;
    void process?.stop().then(() => this.#ended(process, {}));
  }

  /** Told once or twice: it may end by itself and be given up at once. One that cannot be ended is left to its shell. */
  #ended(process: Leashed, { exitCode, problem }: Ending): void {
    if (this.#isStopped || process !== this.#process) return;
    this.#process = undefined;
    this.#calm();
    const again = this.#reason === undefined && !this.#hasRows ? this.#dialogue.without(this.#words) : undefined;
    if (again !== undefined) {
      this.#dialogue = again;
      this.start();
      return;
    }
    this.#tell(this.#reason ?? problem ?? `exited with ${exitCode}`);
    this.#settle();
    if (this.#isHopeless || hopeless.includes(exitCode) || isShutOut.test(this.#words)) return;
    const { clock, backoffMs = 1_000 } = this.#options;
    const waitMs = Math.min(longestBackoffMs, backoffMs * 2 ** this.#failures++);
    this.#callOff = clock.at(clock.nowMs() + waitMs, () => this.start());
  }

  #tell(what: string): void {
    const { source, host, clock, listen } = this.#options;
    const words = excerpt(this.#words);
    listen({
      atMs: Math.round(clock.nowMs() * 1000) / 1000,
      source,
      simulated: this.#simulated,
      ...(host === undefined ? {} : { host }),
      gap: `${source} ${what}${words === '' ? '' : `: ${words}`}`,
    });
  }
}
