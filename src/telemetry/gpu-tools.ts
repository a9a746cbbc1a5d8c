/**
 * What the vendors' tools are asked and how their rows are read; pure. Invariant: whatever a tool prints becomes a
 * sample or nothing, never an exception and never a 0 that was not printed.
 */
import type { GpuSample, ThrottleReason } from '../record/gpu-sample.ts';

/** What one row says, before it is known when it came and from where. */
export type GpuRow = Omit<GpuSample, 'atMs' | 'source' | 'simulated'> & {
  /** The host's own time, as it was printed: local time without a zone, of a day or only of the clock. */
  readonly printedTime?: string;
};

/** One way of asking a tool; reading its lines may depend on those before. */
export interface GpuDialogue {
  readonly arguments: readonly string[];
  /** What a line says; undefined where it is no row. */
  read(line: string): GpuRow | undefined;
  /** How to ask after it refused with these words; undefined where there is nothing to be left out. */
  without(refusal: string): GpuDialogue | undefined;
}

/** What is asked of nvidia-smi. The first three tell rows from other text; what a driver does not know is left out. */
const nvidiaFields = [
  'timestamp',
  'index',
  'uuid',
  'name',
  'pci.bus_id',
  'utilization.gpu',
  'utilization.memory',
  'memory.used',
  'memory.total',
  'power.draw',
  'power.limit',
  'temperature.gpu',
  'clocks.sm',
  'clocks.max.sm',
  'clocks_event_reasons.active',
] as const;

/** What older drivers call the same. */
const olderNames: Readonly<Record<string, string>> = {
  'clocks_event_reasons.active': 'clocks_throttle_reasons.active',
};

/** nvidia-smi in a loop, a row a GPU and interval. */
export function nvidiaSmi(intervalMs: number, fields: readonly string[] = nvidiaFields): GpuDialogue {
  return {
    arguments: [`--query-gpu=${fields.join(',')}`, '--format=csv,noheader,nounits', '-lms', String(intervalMs)],
    read: line => nvidiaRow(cellsOf(line), fields),
    without(refusal) {
      const named = /"?([\w.]+)"? is not a valid field/.exec(refusal)?.[1] ?? '';
      if (!fields.includes(named) || named === 'index') return undefined;
      const older = olderNames[named];
      const rest = fields.flatMap(field => (field === named ? (older === undefined ? [] : [older]) : [field]));
      return nvidiaSmi(intervalMs, rest);
    },
  };
}

function nvidiaRow(cells: readonly string[], fields: readonly string[]): GpuRow | undefined {
  const cell = (name: string) => cells[fields.indexOf(name)];
  if (cells.length !== fields.length || !/^\d{1,3}$/.test(cell('index') ?? '')) return undefined;
  return row({
    device: row({
      index: Number(cell('index')),
      uuid: word(cell('uuid')),
      busId: word(cell('pci.bus_id')),
      name: word(cell('name')),
    }),
    printedTime: word(cell('timestamp')),
    utilisationRatio: ratio(cell('utilization.gpu')),
    memoryUtilisationRatio: ratio(cell('utilization.memory')),
    memoryUsedBytes: mebibytes(cell('memory.used')),
    memoryTotalBytes: mebibytes(cell('memory.total')),
    powerWatts: numberIn(cell('power.draw')),
    powerLimitWatts: numberIn(cell('power.limit')),
    temperatureCelsius: numberIn(cell('temperature.gpu')),
    smClockMHz: numberIn(cell('clocks.sm')),
    smClockMaxMHz: numberIn(cell('clocks.max.sm')),
    throttled: throttledBy(cell('clocks_event_reasons.active') ?? cell('clocks_throttle_reasons.active')),
  });
}

/** What xpu-smi's metrics are called in its header, from version to version. */
const xpuColumns: readonly (readonly [RegExp, (cell: string) => Partial<GpuRow>])[] = [
  [/^timestamp$/i, cell => row({ printedTime: word(cell) })],
  [/^gpu utilization \(%\)/i, cell => row({ utilisationRatio: ratio(cell) })],
  [/^gpu power \(w\)/i, cell => row({ powerWatts: numberIn(cell) })],
  [/^gpu frequency \(mhz\)/i, cell => row({ smClockMHz: numberIn(cell) })],
  [/^gpu core temperature/i, cell => row({ temperatureCelsius: numberIn(cell) })],
  [/^gpu memory used \(mib\)/i, cell => row({ memoryUsedBytes: mebibytes(cell) })],
  [/^gpu energy consumed \(j\)/i, cell => row({ energyCounterJoules: numberIn(cell) })],
];

/** Intel's xpu-smi in a loop: it counts whole seconds, and its header says which column is what. */
export function xpuSmi(intervalMs: number): GpuDialogue {
  let header: readonly string[] = [];
  return {
    arguments: ['dump', '-d', '-1', '-m', '0,1,2,3,8,18', '-i', String(Math.max(1, Math.round(intervalMs / 1000)))],
    read(line) {
      const cells = cellsOf(line);
      const at = header.findIndex(name => /^device ?id$/i.test(name));
      if (/^timestamp$/i.test(cells[0] ?? '')) header = cells;
      else if (cells.length === header.length && /^\d{1,3}$/.test(cells[at] ?? '')) {
        const values = xpuColumns.map(([name, read]) => read(cells[header.findIndex(each => name.test(each))] ?? ''));
        return Object.assign({ device: { index: Number(cells[at]) } }, ...values) as GpuRow;
      }
      return undefined;
    },
    without: () => undefined,
  };
}

function cellsOf(line: string): string[] {
  return line.split(',').map(cell => cell.trim());
}

/** Leaves out what is undefined. */
function row<T extends object>(values: { [K in keyof T]: T[K] | undefined }): T {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as T;
}

/** A cell that is a number, with its unit or without; `[N/A]`, `ERR!` and whatever else stands there is missing. */
function numberIn(cell: string | undefined): number | undefined {
  const digits = /^(-?\d{1,15}(?:\.\d{1,9})?)(?: ?(?:%|MiB|W|MHz|C))?$/.exec(cell ?? '')?.[1];
  return digits === undefined ? undefined : Number(digits);
}

function ratio(cell: string | undefined): number | undefined {
  const percent = numberIn(cell);
  return percent === undefined || percent < 0 || percent > 100 ? undefined : percent / 100;
}

function mebibytes(cell: string | undefined): number | undefined {
  const value = numberIn(cell);
  return value === undefined || value < 0 ? undefined : value * 2 ** 20;
}

/** A cell that names something: not one of the ways of saying that there is nothing. */
function word(cell: string | undefined): string | undefined {
  return cell === undefined || cell === '' || cell === 'N/A' || cell === 'ERR!' || /^\[.*\]$/.test(cell)
    ? undefined
    : cell.slice(0, 100);
}

/** NVML's bits; the lowest says that the GPU is idle, which holds nothing down. */
const reasonBits: readonly (readonly [number, ThrottleReason])[] = [
  [0x2, 'application clocks'],
  [0x4, 'power cap'],
  [0x8, 'hardware slowdown'],
  [0x10, 'sync boost'],
  [0x20, 'software thermal'],
  [0x40, 'hardware thermal'],
  [0x80, 'power brake'],
  [0x100, 'display clocks'],
];

function throttledBy(cell: string | undefined): ThrottleReason[] | undefined {
  if (cell === undefined || !/^0x[0-9a-f]{1,16}$/i.test(cell)) return undefined;
  const bits = Number(BigInt(cell) & 0xfffn);
  return reasonBits.filter(([bit]) => (bits & bit) !== 0).map(([, reason]) => reason);
}
