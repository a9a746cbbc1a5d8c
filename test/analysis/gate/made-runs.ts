import type { GatedRun, Runs } from '../../../src/analysis/gate/subjects.ts';
import { seededRandom } from '../../../src/random.ts';
import { CellRecorder } from '../../../src/record/cell-recorder.ts';
import type { RequestRecord } from '../../../src/record/request-record.ts';
import type { CellResult, RunStatus, Validity } from '../../../src/record/run.ts';
import { type Cell, expand } from '../../../src/scenario/expand.ts';
import { parseScenario, type Scenario } from '../../../src/scenario/resolve.ts';

export interface Made {
  readonly id?: string;
  /** Every time is so many times as long. */
  readonly slower?: number;
  readonly requests?: number;
  /** Of the requests, how many timed out, and how many were answered without a token. */
  readonly failed?: number;
  readonly empty?: number;
  readonly outputTokens?: number;
  readonly status?: RunStatus;
  readonly verdict?: Validity['verdict'];
  readonly scenario?: string;
  readonly overrides?: readonly { readonly path: readonly string[]; readonly value: unknown }[];
}

export const scenarioText = `
name: made
targets: [{ model: hermes, gpus: [0], workloads: [chat] }]
workloads: { chat: { kind: text, prompt: { text: Why? }, output: { maxNewTokens: 20 } } }
load: { steps: [{ concurrency: 8, requests: 100 }] }
`;

/** What was made once is not made again. */
const known = new Map<string, GatedRun>();

/** A run of one cell, made by hand: a closed loop in which every request takes about 300 ms. */
export function madeRun(made: Made = {}): GatedRun {
  const key = JSON.stringify(made);
  const run = known.get(key) ?? handMade(made);
  known.set(key, run);
  return run;
}

function handMade(made: Made): GatedRun {
  const { slower = 1, requests = 100, failed = 0, empty = 0, outputTokens = 20 } = made;
  const { scenario } = parseScenario({
    file: 's.yaml',
    text: made.scenario ?? scenarioText,
    overrides: made.overrides ?? [],
    environment: {},
  });
  const cells = expand(scenario).map(cell =>
    cellMadeOf(cell, scenario, add => {
      for (let i = 0; i < requests; i++) {
        const dueMs = i * 30 * slower;
        const isFailed = i < failed;
        const tokens = isFailed || i < failed + empty ? 0 : outputTokens;
        const firstMs = dueMs + (100 + (i % 20)) * slower;
        const tokenTimesMs = Array.from({ length: tokens }, (_, k) => firstMs + k * 10 * slower);
        add({
          dueMs,
          tokenTimesMs,
          endMs: isFailed ? dueMs + 30_000 : (tokenTimesMs.at(-1) ?? firstMs),
          outcome: { kind: isFailed ? 'timeout' : 'ok' },
        });
      }
    }),
  );
  return runMadeOf(scenario, cells, made);
}

/** A request as far as it differs from the others of a cell. */
export type MadeRequest = Pick<RequestRecord, 'dueMs' | 'tokenTimesMs' | 'endMs' | 'outcome'> &
  Pick<Partial<RequestRecord>, 'inputTokens'>;

/** A cell of requests made by hand; its window ends with the last that was answered, or when told. */
export function cellMadeOf(
  cell: Cell,
  scenario: Scenario,
  make: (add: (request: MadeRequest) => void) => void,
  endsMs?: number,
): CellResult {
  const recorder = new CellRecorder(cell, scenario, [cell]);
  recorder.open(-1);
  let lastMs = 0;
  let seq = 0;
  make(request => {
    if (request.outcome.kind === 'ok') lastMs = Math.max(lastMs, request.endMs);
    recorder.add({
      seq,
      cell: cell.index,
      phase: 'measured',
      target: cell.target.name,
      workload: cell.workload,
      ...(request.outcome.kind === 'dropped' ? {} : { sentMs: request.dueMs }),
      outputTokens: request.tokenTimesMs.length,
      requestId: String(seq++),
      requestBytes: 1,
      ...request,
    });
  });
  recorder.close(endsMs ?? lastMs);
  const { target, workload, load, order, step, repetition, index } = cell;
  return {
    index,
    target: { name: target.name, model: target.model },
    workload,
    load,
    order,
    step,
    repetition,
    endedBy: 'requests',
    ...recorder.summary(),
    diagnoses: [],
    objectives: [],
    validity: { verdict: 'valid', reasons: [] },
    findings: [],
  };
}

/** A run of real GPUs with these cells. */
export function runMadeOf(
  scenario: Scenario,
  cells: readonly CellResult[],
  { id = 'r', verdict = 'valid', status = 'complete' }: Made,
): GatedRun {
  return {
    id,
    startedAt: '2026-01-01T00:00:00.000Z',
    status,
    validity: { verdict, reasons: verdict === 'valid' ? [] : [{ text: 'sent late' }] },
    environment: {
      harness: '1.0.0',
      node: '20.19.0',
      host: { platform: 'linux 6', cpu: 'cpu', cores: 2, memoryBytes: 1e9 },
      git: {},
      service: { url: 'http://h', simulated: false, info: null },
      fingerprint: 'f',
    },
    scenario,
    cells,
  };
}

/** So many runs a side, each a little faster or slower by chance; the candidate as it is made. */
export function madeRuns(count: number, candidate: Made = {}, { noise = 0.01, both = {} as Made } = {}): Runs {
  const random = seededRandom('made runs', count);
  const side = (name: string, made: Made) =>
    Array.from({ length: count }, (_, i) =>
      madeRun({ ...made, id: `${name}${i + 1}`, slower: (made.slower ?? 1) * Math.exp(random.normal(0, noise)) }),
    );
  return { baseline: side('b', both), candidate: side('c', { ...both, ...candidate }) };
}
