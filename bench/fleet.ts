/**
 * What simulating a fleet costs, and what its router is worth: 100 A100s under 400 Azure-like conversations a second
 * for ten minutes of virtual time, each router in a process of its own. Ends with 1 where one takes a minute of CPU
 * or 1 GB.
 */

import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { serveByFleet } from '../src/engine/fleet.ts';
import { type Routing, routings } from '../src/engine/router.ts';
import { Histogram } from '../src/stats/histogram.ts';
import { formatBytes, formatNumber, formatRatio } from '../src/units.ts';
import { azureLimits, azureMix } from '../test/engine/azure-mix.ts';

const gpus = 100;
const ratePerS = 400;
const durationMs = 600_000;
const cpuBoundS = 60;
const memoryBoundBytes = 1e9;

interface Figures {
  readonly requests: number;
  readonly ok: number;
  readonly overloaded: number;
  readonly outputTokens: number;
  readonly ttftMs: readonly number[];
  readonly tpotMs: readonly number[];
  /** Of the least and the most busy GPU. */
  readonly busyRatio: readonly [number, number];
  readonly cpuS: number;
  readonly memoryBytes: number;
}

function serve(routing: Routing): Figures {
  const arrivals = azureMix(ratePerS, durationMs);
  const [ttft, tpot] = [new Histogram(), new Histogram()];
  const counts = { ok: 0, overloaded: 0 };
  const { states, endMs } = serveByFleet(arrivals, {
    engines: Array.from({ length: gpus }, () => ({ gpu: 'A100-80G', model: 'mistral-7b', limits: azureLimits })),
    routing,
    onServed(fate) {
      if (fate.outcome !== 'ok') {
        counts.overloaded++;
        return;
      }
      const { arrival, firstTokenMs, endMs } = fate;
      counts.ok++;
      ttft.record(firstTokenMs - arrival.atMs);
      tpot.record((endMs - firstTokenMs) / (arrival.outputTokens - 1));
    },
  });
  const busy = states.map(({ busyMs }) => busyMs / endMs).sort((a, b) => a - b);
  const { user, system } = process.cpuUsage();
  return {
    requests: arrivals.length,
    ...counts,
    outputTokens: states.reduce((sum, state) => sum + state.outputTokens, 0),
    ttftMs: [0.5, 0.95, 0.99].map(q => ttft.quantile(q) ?? Number.NaN),
    tpotMs: [0.5, 0.95].map(q => tpot.quantile(q) ?? Number.NaN),
    busyRatio: [busy[0] ?? Number.NaN, busy.at(-1) ?? Number.NaN],
    cpuS: (user + system) / 1e6,
    memoryBytes: process.resourceUsage().maxRSS * 1024,
  };
}

/** The figures of a process that does this and nothing else. */
function inOwnProcess(routing: Routing): Figures {
  const { stdout, status } = spawnSync(process.execPath, [fileURLToPath(import.meta.url), routing], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (status !== 0) throw new Error(`expected the figures of ${routing}, got exit code ${status}`);
  return JSON.parse(stdout) as Figures;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

function printAll(): void {
  print(`${gpus} simulated A100s, Mistral-7B, ${ratePerS} requests/s for ${durationMs / 60_000} minutes`);
  print('router          | requests      ok  429  tokens   | TTFT p50 p95 p99 ms | TPOT p50 p95 | busy         | cost');
  let isWithin = true;
  for (const routing of routings) {
    const figures = inOwnProcess(routing);
    const list = (values: readonly number[]) => values.map(value => formatNumber(value).padStart(6)).join(' ');
    const { requests, ok, overloaded, outputTokens, ttftMs, tpotMs, busyRatio, cpuS, memoryBytes } = figures;
    const isCheap = cpuS < cpuBoundS && memoryBytes < memoryBoundBytes;
    isWithin &&= isCheap;
    const cells = [
      routing.padEnd(15),
      `${requests} ${ok} ${String(overloaded).padStart(5)} ${formatNumber(outputTokens / 1e6)} M`,
      list(ttftMs),
      list(tpotMs),
      busyRatio.map(formatRatio).join(' … '),
      `${formatNumber(cpuS)} s of CPU, ${formatBytes(memoryBytes)}${isCheap ? '' : '  TOO MUCH'}`,
    ];
    print(cells.join(' | '));
  }
  print(`bound: ${cpuBoundS} s of CPU and ${formatBytes(memoryBoundBytes)} each: ${isWithin ? 'held' : 'MISSED'}`);
  if (!isWithin) process.exitCode = 1;
}

const own = routings.find(each => each === process.argv[2]);
if (own === undefined) printAll();
else print(JSON.stringify(serve(own)));
