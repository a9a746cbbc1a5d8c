import type { CellResult, Run } from '../../record/run.ts';
import { Histogram } from '../../stats/histogram.ts';
import type { GatedRun } from './subjects.ts';

/** The metrics that every comparison looks at. */
const judged = ['ttftMs', 'itlMs', 'tpotMs', 'responseTimeMs'] as const;

/** What a gate needs of a run, small enough to be committed: summaries and histograms, no records and no bodies. */
export function storedRun({ id, startedAt, status, validity, environment, scenario, cells }: Run | GatedRun): GatedRun {
  const { url, simulated } = environment.service;
  return {
    id,
    startedAt,
    status,
    validity,
    environment: { ...environment, service: { url, simulated, info: null } },
    scenario,
    cells: cells.map(storedCell),
  };
}

function storedCell({ byWorkload: _, byVariant: __, ...cell }: CellResult): CellResult {
  return { ...cell, objectives: [], findings: [], examples: [] };
}

/** What keeps a value read from a file from being a run that can be judged; undefined where nothing does. Its histograms take long to look at, and are passed over where nobody asks for them. */
export function problemOfRun(value: unknown, { histograms = true } = {}): string | undefined {
  if (!isMapping(value)) return 'a run that is not a mapping';
  for (const key of ['id', 'startedAt', 'status'] as const)
    if (typeof value[key] !== 'string') return `a run without its ${key}`;
  const { environment, scenario, validity, cells } = value;
  if (!isValidity(validity)) return 'a run without its validity';
  if (!isEnvironment(environment)) return 'a run without its environment';
  if (!isScenario(scenario)) return 'a run without its scenario';
  if (!Array.isArray(cells)) return 'a run without cells';
  const { searches = [] } = value;
  if (!Array.isArray(searches) || !searches.every(each => isMapping(each) && Array.isArray(each['probes'])))
    return 'a run with searches that cannot be read';
  return cells.map((cell, i) => problemOfCell(cell, i, histograms)).find(problem => problem !== undefined);
}

function isValidity(value: unknown): boolean {
  return isMapping(value) && typeof value['verdict'] === 'string' && Array.isArray(value['reasons']);
}

function isEnvironment(value: unknown): boolean {
  if (!isMapping(value)) return false;
  const { host, node, service } = value;
  return isMapping(host) && typeof host['platform'] === 'string' && typeof node === 'string' && isMapping(service);
}

function isScenario(value: unknown): boolean {
  if (!isMapping(value)) return false;
  const { name, targets, workloads, service } = value;
  return (
    typeof name === 'string' &&
    isMapping(workloads) &&
    isMapping(service) &&
    isMapping(service['embedded']) &&
    Array.isArray(targets) &&
    targets.every(isMapping)
  );
}

/** GPUs are told of only where they were seen. */
function isGpu(value: unknown): boolean {
  if (value === undefined) return true;
  return isMapping(value) && Array.isArray(value['devices']) && value['devices'].every(isMapping);
}

function problemOfCell(cell: unknown, i: number, histograms: boolean): string | undefined {
  const parts = ['target', 'load', 'counts', 'rates', 'metrics', 'tokens'] as const;
  if (!isMapping(cell)) return `cell ${i} that is not a mapping`;
  const lacking = parts.find(part => !isMapping(cell[part]));
  if (lacking !== undefined) return `cell ${i} without its ${lacking}`;
  const { target, workload } = cell;
  if (typeof (target as Readonly<Record<string, unknown>>)['name'] !== 'string' || typeof workload !== 'string')
    return `cell ${i} without the names of its endpoint and workload`;
  if (!isGpu(cell['gpu'])) return `cell ${i} with GPUs that cannot be read`;
  // What earlier versions did not keep.
  if (typeof (cell['tokens'] as Readonly<Record<string, unknown>>)['emptyAnswers'] !== 'number')
    return `cell ${i} without its count of empty answers`;
  const absent = judged.find(name => !Object.hasOwn(cell['metrics'] as object, name));
  if (absent !== undefined) return `cell ${i} without its ${absent}`;
  for (const [name, metric] of Object.entries(cell['metrics'] as Readonly<Record<string, unknown>>)) {
    if (
      !isMapping(metric) ||
      typeof metric['n'] !== 'number' ||
      typeof metric['unfinished'] !== 'number' ||
      !Array.isArray(metric['censoredQuantiles']) ||
      (histograms && !isHistogram(metric['hdr']))
    )
      return `cell ${i} with a ${name} that cannot be read`;
  }
  return undefined;
}

function isHistogram(text: unknown): boolean {
  if (typeof text !== 'string') return false;
  try {
    Histogram.decode(text);
    return true;
  } catch {
    return false;
  }
}

function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
