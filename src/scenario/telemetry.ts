/** What of a scenario says which GPUs and servers are watched meanwhile, and which GPU stands behind which endpoint. */
import { z } from 'zod';
import { duration } from './duration.ts';
import type { Target } from './target.ts';

const gpuSource = z.strictObject({
  command: z
    .union([z.enum(['auto', 'off']), z.array(z.string().min(1)).min(1)])
    .optional()
    .describe(
      'auto: nvidia-smi, or the look-alike of the embedded service | off | the command, such as [ssh, -tt, h, nvidia-smi]',
    ),
  url: z.string().optional().describe('The page of a DCGM exporter, instead of a command: http://host:9400/metrics'),
  tool: z
    .enum(['nvidia-smi', 'xpu-smi'])
    .optional()
    .describe('What the command speaks like, where its last word does not tell'),
  host: z.string().min(1).optional().describe('What devices calls its host, where there are several: h2:0'),
  interval: duration.prefault('500ms').describe('At least 100ms'),
});

const deviceName = z.union([z.int().min(0), z.string().min(1)]);

export const telemetrySchema = z
  .strictObject({
    gpu: z.union([z.literal('off'), gpuSource, z.array(gpuSource)]).prefault({}),
    metrics: z
      .union([
        z.enum(['auto', 'off']),
        z.strictObject({
          interval: duration.prefault('2s').describe('At least 500ms'),
          urls: z
            .record(z.string(), z.string())
            .default({})
            .describe(
              "By target: where its model server's Prometheus page is; else it is looked for below the endpoint",
            ),
        }),
      ])
      .default('auto'),
    gpuMap: z
      .record(z.string(), z.union([deviceName, z.array(deviceName).min(1)]))
      .default({})
      .describe('Which GPU the N of /gpuN is, where it is not index N: an index, UUID, bus id or MIG UUID, or several'),
  })
  .prefault({});

/** Where GPU samples come from. */
export interface GpuSource {
  readonly host?: string;
  readonly intervalMs: number;
  /** A command, or the page of a DCGM exporter. */
  readonly from: CommandOrigin | { readonly kind: 'dcgm'; readonly url: string };
}

/** A command that prints samples, with what it speaks like; `auto` is found when the run begins. */
export type CommandOrigin =
  | { readonly kind: 'auto' }
  | { readonly kind: 'command'; readonly command: readonly string[]; readonly tool: 'nvidia-smi' | 'xpu-smi' };

/** What is watched while a scenario runs. */
export interface Telemetry {
  readonly gpu: readonly GpuSource[];
  /** Undefined: model servers are not asked. */
  readonly metrics?: { readonly intervalMs: number; readonly urls: Readonly<Record<string, string>> };
  readonly gpuMap: Readonly<Record<string, readonly string[]>>;
}

/** The final form of what a file says of telemetry. */
export function telemetryOf(file: z.output<typeof telemetrySchema>): Telemetry {
  const sources = file.gpu === 'off' ? [] : Array.isArray(file.gpu) ? file.gpu : [file.gpu];
  const { metrics } = file;
  return {
    gpu: sources.flatMap(gpuSourceOf),
    ...(metrics === 'off'
      ? {}
      : {
          metrics:
            metrics === 'auto' ? { intervalMs: 2_000, urls: {} } : { intervalMs: metrics.interval, urls: metrics.urls },
        }),
    gpuMap: Object.fromEntries(
      Object.entries(file.gpuMap).map(([gpu, devices]) => [
        gpu,
        (Array.isArray(devices) ? devices : [devices]).map(String),
      ]),
    ),
  };
}

function gpuSourceOf({ command, url, tool, host, interval }: z.output<typeof gpuSource>): GpuSource[] {
  const rest = { ...(host === undefined ? {} : { host }), intervalMs: interval };
  if (url !== undefined) return [{ ...rest, from: { kind: 'dcgm', url } }];
  if (command === 'off') return [];
  if (command === undefined || command === 'auto') return [{ ...rest, from: { kind: 'auto' } }];
  return [{ ...rest, from: { kind: 'command', command, tool: tool ?? toolOf(command) } }];
}

function toolOf(command: readonly string[]): 'nvidia-smi' | 'xpu-smi' {
  return /(^|\/)xpu-smi[^/]*$/.test(command.at(-1) ?? '') ? 'xpu-smi' : 'nvidia-smi';
}

/** A GPU as a scenario names it: by index, UUID, bus id or MIG UUID, at a host where there are several. */
export interface DeviceName {
  readonly host?: string;
  readonly id: string;
}

/** The GPUs behind an endpoint: those it names, or the one that its number stands for; none where nothing tells. */
export function devicesOf({ gpu, devices }: Pick<Target, 'gpu' | 'devices'>, { gpuMap }: Telemetry): DeviceName[] {
  const names = devices ?? (gpu === undefined ? [] : (gpuMap[gpu] ?? [String(gpu)]));
  return names.flatMap(deviceNames);
}

/** `3`, `0-3`, `GPU-…`, `MIG-…` or a bus id, with `host:` before it where there are several. */
function deviceNames(text: string): DeviceName[] {
  const isBusId = /^([0-9a-f]{4,8}:)?[0-9a-f]{2}:[0-9a-f]{2}\.\d$/i;
  const [, host, id = text] = isBusId.test(text) ? [] : (/^([^:]+):(.+)$/.exec(text) ?? []);
  const range = /^(\d{1,3})-(\d{1,3})$/.exec(id);
  const ids =
    range === null
      ? [id]
      : Array.from({ length: Math.max(0, Number(range[2]) - Number(range[1]) + 1) }, (_, i) =>
          String(Number(range[1]) + i),
        );
  return ids.map(each => ({ ...(host === undefined ? {} : { host }), id: each }));
}
