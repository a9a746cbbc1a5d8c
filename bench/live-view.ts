/**
 * What the live view costs: the CPU time of one tick, of which there is one a second, from what the recorders hold to
 * the escape codes of a terminal, with eight endpoints of a hundred requests in flight each, after few requests and
 * after many. Nothing is driven: the records are made up.
 *
 * npm run bench:live-view
 */
import { showProgress } from '../src/cli/progress.ts';
import { outputTo } from '../src/cli/terminal-output.ts';
import { virtualClock } from '../src/clock.ts';
import { seededRandom } from '../src/random.ts';
import { CellRecorder } from '../src/record/cell-recorder.ts';
import type { RequestRecord } from '../src/record/request-record.ts';
import { Backlog } from '../src/run/backlog.ts';
import { CellRun } from '../src/run/cell-run.ts';
import { Ticker } from '../src/run/ticker.ts';
import { type Cell, expand } from '../src/scenario/expand.ts';
import { parseScenario } from '../src/scenario/resolve.ts';
import type { RunStore } from '../src/store/run-directory.ts';
import { formatNumber, formatRatio } from '../src/units.ts';

const endpoints = 8;
const inFlight = 100;
const ticks = 1_000;

const { scenario } = parseScenario({
  file: 'live-view.yaml',
  text: `
name: live-view
limits: { exceed: true, concurrentPerModel: 1000 }
targets: [{ model: hermes-2-pro-tgi, gpus: [${Array.from({ length: endpoints }, (_, i) => i)}], workloads: [chat] }]
workloads: { chat: { kind: text, prompt: { text: any }, output: { maxNewTokens: 100 } } }
load: { steps: [{ concurrency: ${inFlight}, duration: 1h, order: parallel }] }
`,
  overrides: [],
  environment: {},
  readTrace: () => ({ text: '', sha256: '' }),
});
const cells = expand(scenario);
const random = seededRandom('live view');
const store: RunStore = {
  add: () => {},
  addGpu: () => {},
  addServer: () => {},
  flush: async () => {},
  writeRun: async () => {},
  close: async () => {},
};

/** A request with a hundred tokens whose first came after up to ten seconds, for a quantile far up in its histogram. */
function answered(cell: Cell): RequestRecord {
  const firstMs = random.uniform() * 10_000;
  return {
    seq: 0,
    cell: cell.index,
    phase: 'measured',
    target: cell.target.name,
    workload: cell.workload,
    dueMs: 0,
    sentMs: 0,
    tokenTimesMs: [firstMs, firstMs + 20],
    endMs: firstMs + 20,
    outputTokens: 2,
    requestId: '',
    requestBytes: 0,
    outcome: { kind: 'ok' },
  };
}

/** CPU time of a tick in µs, after so many requests of each endpoint. */
async function tickUs(requests: number): Promise<number> {
  const clock = virtualClock();
  const output = outputTo({ write: () => true, on: () => {}, isTTY: true, columns: 80, rows: 40 }, {});
  const bench = {
    clock,
    driverOf: () => {
      throw new Error('nothing is driven');
    },
    prepare: async () => {},
    sampleProcess: () => ({ loopDelayMs: { mean: 0, p99: 0, max: 0 }, cpuRatio: 0, gcMs: 0, memoryBytes: 0 }),
    engineLateRatio: () => undefined,
  };
  const backlog = new Backlog(clock);
  const { show } = showProgress(output, new AbortController().signal);
  const ticker = new Ticker(bench, { stages: [cells], mayBeFewer: false }, store, backlog, show, error => {
    throw error;
  });
  const runs = cells.map(
    cell => new CellRun(cell, new CellRecorder(cell, scenario, cells), ticker, store, backlog, () => {}),
  );
  ticker.beginStage(runs);
  for (const run of runs) {
    run.opened(0);
    for (let i = 0; i < requests + inFlight; i++) run.due(true);
    for (let i = 0; i < requests; i++) run.ended(answered(run.cell));
  }
  for (let i = 0; i < ticks; i++) await ticker.flush();
  const before = process.cpuUsage();
  for (let i = 0; i < ticks; i++) await ticker.flush();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / ticks;
}

for (const requests of [1_000, 10_000, 100_000]) {
  const us = await tickUs(requests);
  process.stdout.write(
    `${endpoints} endpoints × ${inFlight} in flight, after ${requests.toLocaleString('en-US')} requests each: ` +
      `${formatNumber(us)} µs of CPU a tick, ${formatRatio(us / 1e6)} of a core at one a second\n`,
  );
}
process.exit(0);
