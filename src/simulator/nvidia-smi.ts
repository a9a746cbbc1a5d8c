#!/usr/bin/env node
/**
 * A look-alike of `nvidia-smi` for the GPUs of an embedded service, which it finds in its environment:
 * TGI_BENCH_GPUS_URL, where their readings are, and TGI_BENCH_GPUS_TOKEN. It answers what the real one answers to a
 * query, with the same exit codes; every figure is simulated, and so says each GPU's name.
 */

import type { GpuReading } from './device.ts';
import { type Command, readArguments } from './nvidia-smi-arguments.ts';
import { queryFields, simulatedDriver } from './nvidia-smi-fields.ts';

/** NVML's codes: what the real one exits with. */
const exit = { done: 0, invalidArgument: 2, notFound: 6, driverNotLoaded: 9, gpuIsLost: 15 } as const;

const driverMessage =
  "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver. " +
  'Make sure that the latest NVIDIA driver is installed and running.\n';

/** A reason to stop, with what the real one would say and its exit code. */
class Failure extends Error {
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

async function readings(): Promise<GpuReading[]> {
  const url = process.env['TGI_BENCH_GPUS_URL'] ?? '';
  const authorization = `Bearer ${process.env['TGI_BENCH_GPUS_TOKEN'] ?? ''}`;
  const response = await fetch(url, { headers: { authorization } }).catch(() => undefined);
  if (response?.ok !== true) throw new Failure(exit.driverNotLoaded, driverMessage);
  return (await response.json()) as GpuReading[];
}

/** The GPUs with these ids, in their own order. Throws Failure where there are none, or one of them is lost. */
async function devices(ids: readonly string[] | undefined): Promise<GpuReading[]> {
  const all = await readings();
  const wanted =
    ids && all.filter(({ index, uuid, busId }) => [String(index), uuid, busId].some(id => ids.includes(id)));
  const found = wanted ?? all;
  if (found.length === 0) throw new Failure(exit.notFound, 'No devices were found\n');
  const lost = found.find(gpu => gpu.lost);
  if (lost === undefined) return found;
  const handle = `Unable to determine the device handle for GPU${lost.index}: ${lost.busId}`;
  throw new Failure(exit.gpuIsLost, `${handle}: GPU is lost.  Reboot the system to recover this GPU\n`);
}

async function run(command: Command): Promise<void> {
  switch (command.kind) {
    case 'invalid':
      throw new Failure(exit.invalidArgument, `${command.message}\n`);
    case 'version':
      return say(
        `NVIDIA-SMI version  : ${simulatedDriver} (simulated)\nDRIVER version      : ${simulatedDriver} (simulated)\n`,
      );
    case 'help':
      return say(`${queryFields.map(({ name, help }) => `"${name}"\n${help}\n`).join('\n')}\n`);
    case 'list':
      return say(
        (await devices(undefined)).map(({ index, name, uuid }) => `GPU ${index}: ${name} (UUID: ${uuid})\n`).join(''),
      );
    case 'query':
      return query(command);
  }
}

/** Rows at absolute times, so that what a row takes does not move the next. */
async function query({ fields, header, units, ids, everyMs }: Extract<Command, { kind: 'query' }>): Promise<void> {
  if (header) say(`${fields.map(({ name, unit }) => (unit === undefined ? name : `${name} [${unit}]`)).join(', ')}\n`);
  const startMs = performance.now();
  for (let tick = 1; ; tick++) {
    for (const gpu of await devices(ids)) {
      const now = new Date();
      const cells = fields.map(({ unit, value }) => withUnit(value(gpu, now), units ? unit : undefined));
      say(`${cells.join(', ')}\n`);
    }
    if (everyMs === undefined) return;
    const waitMs = startMs + tick * everyMs - performance.now();
    await new Promise(resolve => setTimeout(resolve, Math.max(0, waitMs)));
  }
}

/** What is not available has no unit. */
function withUnit(value: string, unit: string | undefined): string {
  return unit === undefined || value.startsWith('[') ? value : `${value} ${unit}`;
}

function say(text: string): void {
  process.stdout.write(text);
}

// Whoever reads may stop at any time; that is how a loop ends.
process.stdout.on('error', () => process.exit(exit.done));
try {
  await run(readArguments(process.argv.slice(2)));
} catch (error) {
  if (!(error instanceof Failure)) throw error;
  say(error.message);
  process.exitCode = error.code;
}
