import type { PlannedRun } from '../../../src/analysis/capacity/curve.ts';
import type { GpuSummary } from '../../../src/record/gpu-summary.ts';
import type { CellResult } from '../../../src/record/run.ts';
import { type Cell, expand } from '../../../src/scenario/expand.ts';
import { parseScenario } from '../../../src/scenario/resolve.ts';
import { cellMadeOf, type Made, runMadeOf } from '../gate/made-runs.ts';

export interface MadeCurve extends Made {
  /** Steps in YAML. */
  readonly steps?: string;
  readonly targets?: string;
  readonly rest?: string;
  readonly repetitions?: number;
  /** Of every request of a cell. */
  readonly ttftMs?: (load: number, cell: Cell) => number;
  readonly tpotMs?: number;
  readonly tokens?: number;
  readonly inputTokens?: number;
  /** How many of a hundred requests were not sent, or refused by the gateway. */
  readonly dropped?: (load: number) => number;
  readonly refused?: (load: number) => number;
  readonly watts?: number;
  readonly hardware?: string;
  readonly simulated?: boolean;
}

/**
 * A run made by hand, clearly of no service: an open loop in which a request waits exactly as long for its first token
 * as `ttftMs` says and every other comes `tpotMs` later, evenly spread over the window of each step.
 */
export function madeCurve(made: MadeCurve = {}): PlannedRun {
  const { scenario } = parseScenario({ file: 's.yaml', text: scenarioOf(made), overrides: [], environment: {} });
  const cells = expand(scenario).map(cell => withGpu(madeCell(cell, scenario, made), made));
  const run = runMadeOf(scenario, cells, made);
  const { environment } = run;
  const service = { ...environment.service, ...(made.simulated ? { url: 'embedded', simulated: true } : {}) };
  return { ...run, environment: { ...environment, service } };
}

function scenarioOf({ steps, targets, rest = '', repetitions = 1 }: MadeCurve): string {
  return `
name: made
targets: ${targets ?? '[{ model: hermes, gpus: [0], workloads: [chat] }]'}
workloads: { chat: { kind: text, prompt: { text: Why? }, output: { maxNewTokens: 20 } } }
load: { repetitions: ${repetitions}, steps: ${steps ?? '[{ ratePerS: [2, 4, 6, 8, 10], duration: 30s }]'} }
${rest}
`;
}

function madeCell(cell: Cell, scenario: Parameters<typeof cellMadeOf>[1], made: MadeCurve): CellResult {
  const { ttftMs = rate => 100 * rate, tpotMs = 20, tokens = 10, inputTokens = 50 } = made;
  const { load } = cell;
  const at = load.kind === 'open' ? load.ratePerS : load.effectiveConcurrency;
  const firstMs = ttftMs(at, cell);
  const tookMs = firstMs + (tokens - 1) * tpotMs;
  const count = load.kind === 'open' ? Math.round(at * ((cell.end.durationMs ?? 0) / 1000)) : (cell.end.requests ?? 0);
  // Of a closed loop with no think time, by Little's law.
  const gapMs = load.kind === 'open' ? 1000 / at : tookMs / at;
  return cellMadeOf(
    cell,
    scenario,
    add => {
      for (let i = 0; i < count; i++) {
        const dueMs = i * gapMs;
        const place = i % 100;
        const isDropped = place < (made.dropped?.(at) ?? 0);
        const isRefused = !isDropped && place < (made.dropped?.(at) ?? 0) + (made.refused?.(at) ?? 0);
        const isOk = !isDropped && !isRefused;
        const tokenTimesMs = isOk ? Array.from({ length: tokens }, (_, k) => dueMs + firstMs + k * tpotMs) : [];
        add({
          dueMs,
          tokenTimesMs,
          endMs: tokenTimesMs.at(-1) ?? dueMs,
          outcome: { kind: isDropped ? 'dropped' : isRefused ? 'rate_limited' : 'ok' },
          ...(isOk ? { inputTokens } : {}),
        });
      }
    },
    count * gapMs,
  );
}

function withGpu(cell: CellResult, { watts, hardware }: MadeCurve): CellResult {
  if (watts === undefined && hardware === undefined) return cell;
  const tokensPerS = cell.rates.outputTokensPerS ?? 0;
  const gpu: GpuSummary = {
    simulated: false,
    source: 'nvidia-smi',
    devices: [{ index: 0, name: hardware ?? 'made GPU' }],
    samples: 60,
    coverageRatio: 1,
    utilisationRatio: null,
    memoryUtilisationRatio: null,
    memoryUsedBytes: null,
    memoryTotalBytes: null,
    powerWatts: watts === undefined ? null : { mean: watts, max: watts },
    powerLimitWatts: null,
    temperatureCelsius: null,
    smClockMHz: null,
    throttledRatio: null,
    smActiveRatio: null,
    dramActiveRatio: null,
    energyJoules: watts === undefined ? null : watts * 60,
    tokensPerJoule: watts === undefined ? null : tokensPerS / watts,
    joulesPerRequest: null,
    sharedWith: [],
    gaps: [],
  };
  return { ...cell, gpu };
}
