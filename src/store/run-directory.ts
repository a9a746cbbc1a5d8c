/**
 * Keeping runs: the names of a run directory's files, and how they are written so that a crash loses at most the last
 * second and never leaves a file that only looks whole.
 */
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { exitCodes, HarnessError, messageOf } from '../errors.ts';
import { outcomeKinds } from '../protocol/outcome.ts';
import type { GpuLine } from '../record/gpu-sample.ts';
import type { RequestRecord } from '../record/request-record.ts';
import { type GeneratorSample, type Run, schemaVersion } from '../record/run.ts';
import type { ServerLine } from '../record/server-sample.ts';
import { LineFile, type OnBadLine, readLines } from './line-file.ts';
import { mostLineBytes, writeLine } from './record-line.ts';

export const fileNames = {
  run: 'run.json',
  scenario: 'scenario.yaml',
  requests: 'requests.jsonl',
  generator: 'generator.jsonl',
  gpu: 'gpu.jsonl',
  server: 'server.jsonl',
} as const;

/** Where a run keeps what it learns while it lasts. */
export interface RunStore {
  add(record: RequestRecord): void;
  addGpu(line: GpuLine): void;
  addServer(line: ServerLine): void;
  /** Makes sure that every record so far is kept, and then the sample that counts them. */
  flush(sample?: GeneratorSample): Promise<void>;
  writeRun(run: Run): Promise<void>;
  close(): Promise<void>;
}

/** A directory that a run writes into. */
export class RunWriter implements RunStore {
  readonly directory: string;
  readonly #files: Readonly<Record<LineFileName, LineFile>>;

  private constructor(directory: string, files: Readonly<Record<LineFileName, LineFile>>) {
    this.directory = directory;
    this.#files = files;
  }

  /** Makes the directory with its first files. Throws a HarnessError where it holds anything already. */
  static async create(directory: string, run: Run, scenarioText: string): Promise<RunWriter> {
    return writing(directory, async () => {
      await makeDirectory(directory);
      if ((await readdir(directory)).length > 0) {
        throw new HarnessError(`${directory}: expected a new or empty directory, got one that holds files`, {
          hint: 'give another --out; a run is never written over',
          exitCode: exitCodes.usage,
        });
      }
      await writeAtomically(join(directory, fileNames.run), `${JSON.stringify(run, null, 2)}\n`);
      await writeFile(join(directory, fileNames.scenario), scenarioText);
      const openFile = (name: LineFileName) => LineFile.open(join(directory, fileNames[name]));
      return new RunWriter(directory, {
        requests: await openFile('requests'),
        generator: await openFile('generator'),
        gpu: await openFile('gpu'),
        server: await openFile('server'),
      });
    });
  }

  add(record: RequestRecord): void {
    this.#files.requests.addWritten(record, mostLineBytes(record), writeLine);
  }

  addGpu(line: GpuLine): void {
    this.#files.gpu.add(line);
  }

  addServer(line: ServerLine): void {
    this.#files.server.add(line);
  }

  async flush(sample?: GeneratorSample): Promise<void> {
    const { requests, generator, gpu, server } = this.#files;
    await writing(this.directory, async () => {
      await Promise.all([requests.flush(), gpu.flush(), server.flush()]);
      if (sample !== undefined) generator.add(sample);
      await generator.flush();
    });
  }

  async writeRun(run: Run): Promise<void> {
    await writing(this.directory, () =>
      writeAtomically(join(this.directory, fileNames.run), `${JSON.stringify(run, null, 2)}\n`),
    );
  }

  /** Writes what is left; its files are closed, also where that could not be written. */
  async close(): Promise<void> {
    const files = Object.values(this.#files);
    try {
      await this.flush();
    } catch (error) {
      await Promise.allSettled(files.map(file => file.close()));
      throw error;
    }
    for (const file of files) await file.close();
  }
}

type LineFileName = 'requests' | 'generator' | 'gpu' | 'server';

/** Makes a directory and those above it one by one: Node's own way never ends where a file system lets nobody make any. */
async function makeDirectory(directory: string): Promise<void> {
  if (existsSync(directory)) return;
  await makeDirectory(dirname(directory));
  await mkdir(directory);
}

/** Makes a directory where there is none, and writes into it. Throws a HarnessError where that cannot be done. */
export async function writingInto<T>(directory: string, write: () => Promise<T>): Promise<T> {
  return writing(directory, async () => {
    await makeDirectory(directory);
    return await write();
  });
}

async function writing<T>(directory: string, write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (cause) {
    if (cause instanceof HarnessError) throw cause;
    throw new HarnessError(`${directory}: expected to write here, got: ${messageOf(cause)}`, {
      hint: 'free some space or give another --out',
      exitCode: exitCodes.internal,
      cause,
    });
  }
}

/** Writes a file so that a reader sees the old one or the new one and nothing in between. */
export async function writeAtomically(path: string, text: string): Promise<void> {
  const temporary = `${path}.part`;
  await writeFile(temporary, text);
  await rename(temporary, path);
}

/** The directory of a run given as a path or as an id under `reports/`, from `base` on. Throws a HarnessError where there is none. */
export function findRun(name: string, base = '.'): string {
  for (const directory of [resolve(base, name), resolve(base, 'reports', name)]) {
    if (existsSync(join(directory, fileNames.run))) return directory;
  }
  throw new HarnessError(
    `${name}: expected a run directory or an id under reports/, got none with a ${fileNames.run} in it`,
    {
      hint: 'a run prints its directory when it ends',
      exitCode: exitCodes.usage,
    },
  );
}

/** Reads `run.json`. Throws a HarnessError where it is not one, or from another version of this program. */
export async function readRun(directory: string): Promise<Run> {
  const path = join(directory, fileNames.run);
  let run: unknown;
  try {
    run = JSON.parse(await readFile(path, 'utf8'));
  } catch (cause) {
    throw new HarnessError(`${path}: expected JSON, got: ${messageOf(cause)}`, { exitCode: exitCodes.usage, cause });
  }
  const version = typeof run === 'object' && run !== null && 'schemaVersion' in run ? run.schemaVersion : undefined;
  if (version !== schemaVersion) {
    throw new HarnessError(
      `${path}: expected schemaVersion ${schemaVersion}, got ${JSON.stringify(version) ?? 'nothing'}`,
      {
        hint: 'it was written by another version of tgi-bench, or is not a run',
        exitCode: exitCodes.usage,
      },
    );
  }
  const lacking = lackingIn(run as Partial<Record<keyof Run, unknown>>);
  if (lacking.length > 0)
    throw new HarnessError(`${path}: expected a run, got one without ${lacking.join(', ')}`, {
      hint: 'it was cut short, or is not a run',
      exitCode: exitCodes.usage,
    });
  return { ...(run as Run), findings: (run as Partial<Run>).findings ?? [] };
}

/** The parts that every report reads, and that something which is no run does not have. */
function lackingIn({ scenario, environment, cells }: Partial<Record<keyof Run, unknown>>): string[] {
  const parts = { scenario, environment, cells: Array.isArray(cells) && cells };
  return Object.entries(parts).flatMap(([name, part]) => (typeof part === 'object' && part !== null ? [] : [name]));
}

/** The records of a run in batches, in the order in which they ended. */
export function readRecords(directory: string, onBadLine: OnBadLine): AsyncGenerator<RequestRecord[]> {
  return readLines<RequestRecord>(join(directory, fileNames.requests), isRecord, onBadLine);
}

/** Whether a value has what everything made of records reads of one without asking. */
function isRecord(value: Partial<Record<keyof RequestRecord, unknown>>): boolean {
  const { cell, target, dueMs, sentMs, tokenTimesMs, endMs, outcome } = value;
  return (
    typeof cell === 'number' &&
    typeof target === 'string' &&
    areTimes([dueMs, endMs, sentMs ?? 0]) &&
    Array.isArray(tokenTimesMs) &&
    areTimes(tokenTimesMs) &&
    typeof outcome === 'object' &&
    outcome !== null &&
    'kind' in outcome &&
    (outcomeKinds as readonly unknown[]).includes(outcome.kind)
  );
}

function areTimes(values: readonly unknown[]): boolean {
  for (const value of values) if (typeof value !== 'number') return false;
  return true;
}

export function readGeneratorSamples(directory: string, onBadLine: OnBadLine): AsyncGenerator<GeneratorSample[]> {
  return readLines<GeneratorSample>(
    join(directory, fileNames.generator),
    value => 'atMs' in value && 'sent' in value,
    onBadLine,
  );
}

export function readGpuLines(directory: string, onBadLine: OnBadLine): AsyncGenerator<GpuLine[]> {
  return readLines<GpuLine>(
    join(directory, fileNames.gpu),
    value => 'atMs' in value && ('device' in value || 'gap' in value),
    onBadLine,
  );
}

export function readServerLines(directory: string, onBadLine: OnBadLine): AsyncGenerator<ServerLine[]> {
  return readLines<ServerLine>(
    join(directory, fileNames.server),
    value => 'atMs' in value && ('target' in value || 'gap' in value),
    onBadLine,
  );
}
