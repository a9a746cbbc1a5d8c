import type { Path, Problem } from '../schema/checked-yaml.ts';
import { nearest } from '../schema/nearest.ts';
import type { ScenarioFile } from './scenario.ts';
import type { TargetEntry } from './target.ts';
import { problemsOfUrl } from './url-problems.ts';

/** Below this a driver has nothing new to show, and every sample costs it time. */
const leastGpuIntervalMs = 100;
const leastScrapeIntervalMs = 500;

/** What is wrong with what a file says of telemetry. */
export function problemsOfTelemetry({ telemetry }: ScenarioFile, targets: readonly TargetEntry[]): Problem[] {
  const { gpu, metrics, gpuMap } = telemetry;
  const sources = gpu === 'off' ? [] : Array.isArray(gpu) ? gpu : [gpu];
  const gpus = new Set(targets.flatMap(({ target }) => (target.gpu === undefined ? [] : [String(target.gpu)])));
  return [
    ...sources.flatMap((source, index) => {
      const at: Path = Array.isArray(gpu) ? ['telemetry', 'gpu', index] : ['telemetry', 'gpu'];
      return [
        ...tooOften(source.interval, leastGpuIntervalMs, at),
        ...(source.url === undefined ? [] : problemsOfUrl(source.url, [...at, 'url'])),
        ...(source.url === undefined || source.command === undefined
          ? []
          : [{ path: [...at, 'url'], message: 'expected a command or a url, got both' }]),
      ];
    }),
    ...(typeof metrics === 'string' ? [] : tooOften(metrics.interval, leastScrapeIntervalMs, ['telemetry', 'metrics'])),
    ...Object.entries(typeof metrics === 'string' ? {} : metrics.urls).flatMap(([name, url]) => {
      const path: Path = ['telemetry', 'metrics', 'urls', name];
      const names = targets.map(({ target }) => target.name);
      return [...unknown(name, names, 'a target of this file', path), ...problemsOfUrl(url, path)];
    }),
    ...Object.keys(gpuMap).flatMap(key =>
      unknown(key, [...gpus], 'the number of a GPU of a target', ['telemetry', 'gpuMap', key]),
    ),
  ];
}

function tooOften(intervalMs: number, leastMs: number, at: Path): Problem[] {
  if (intervalMs >= leastMs) return [];
  return [{ path: [...at, 'interval'], message: `expected at least ${leastMs}ms, got ${intervalMs}ms` }];
}

function unknown(name: string, names: readonly string[], what: string, path: Path): Problem[] {
  if (names.includes(name)) return [];
  // A number that is near another is no slip of the pen.
  const close = /^\d+$/.test(name) ? undefined : nearest(name, names);
  const hint = close === undefined ? `there are: ${names.join(', ')}` : `did you mean ${close}?`;
  return [{ path, message: `expected ${what}, got ${JSON.stringify(name)}`, hint }];
}
