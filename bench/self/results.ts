/** What was measured, and the page that is made of it. */
import { readFile, writeFile } from 'node:fs/promises';
import { cpus, loadavg } from 'node:os';
import { formatBytes, formatDuration, formatRatio } from '../../src/units.ts';
import type { TokenCosts } from './costs.ts';
import type { Held } from './work.ts';

/** A client's figure: medians over the rounds, and how far they lay apart. */
export interface Row {
  /** Events, or unary answers, a second of CPU time. */
  readonly perCpuS: number;
  /** The same over that of the floor in the same round. */
  readonly ofFloor: number;
  readonly lowest: number;
  readonly highest: number;
}

export interface Machine {
  readonly at: string;
  readonly cpu: string;
  readonly cores: number;
  readonly node: string;
  /** Over the last minute, when the measuring ended. */
  readonly loadAverage: number;
}

export interface Performance extends Machine {
  readonly rounds: number;
  readonly answerTokens: number;
  /** By the number of streams, then by client. */
  readonly streams: Readonly<Record<string, Readonly<Record<string, Row>>>>;
  readonly unary: Readonly<Record<string, Row>>;
  readonly idle: Record<string, Held>;
  readonly idleStreams: number;
  readonly costs: TokenCosts;
  readonly start: { readonly toFirstRequestMs: number; readonly nodeAloneMs: number };
  /** The share of a core. */
  readonly watching: number;
}

const jsonFile = 'docs/performance.json';
const pageFile = 'docs/performance.md';

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

export function machine(): Machine {
  return {
    at: new Date().toISOString(),
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    node: process.versions.node,
    loadAverage: loadavg()[0] ?? 0,
  };
}

/** Keeps the figures and makes the page anew; gives the names of both files. */
export async function writePerformance(self: Performance): Promise<string[]> {
  await writeFile(jsonFile, `${JSON.stringify({ ...(await known()), self }, null, 2)}\n`);
  await writeFile(pageFile, page(self));
  return [jsonFile, pageFile];
}

async function known(): Promise<object> {
  return readFile(jsonFile, 'utf8').then(
    text => JSON.parse(text) as object,
    () => ({}),
  );
}

/** What is wanted of a driver: at least this share of the floor, by the number of streams. */
const wantedOfFloor: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  socket: { 100: 0.8, 1000: 0.7 },
  undici: { 100: 0.55, 1000: 0.45 },
};

function page(self: Performance): string {
  const rows: string[][] = [];
  for (const [count, clients] of Object.entries(self.streams)) {
    for (const [name, row] of Object.entries(clients)) {
      const wanted = wantedOfFloor[name]?.[count];
      rows.push([
        `${count} ${count === '1' ? 'stream' : 'streams'}, ${name}`,
        `${row.ofFloor.toFixed(2)} of the floor`,
        ...against(wanted, row.ofFloor, wanted === undefined ? '' : `≥ ${wanted}`, true),
        `${thousands(row.perCpuS)} events, ${(1e6 / row.perCpuS).toFixed(1)} µs each`,
      ]);
    }
  }
  const cannon = self.unary['autocannon']?.perCpuS ?? Number.NaN;
  for (const [name, row] of Object.entries(self.unary)) {
    const isOurs = name !== 'floor' && name !== 'autocannon';
    rows.push([
      `unary, 100 connections, ${name}`,
      `${(row.perCpuS / cannon).toFixed(2)} of autocannon`,
      ...against(isOurs ? 1 : undefined, row.perCpuS / cannon, isOurs ? '≥ 1' : '', true),
      `${thousands(row.perCpuS)} requests, ${(1e6 / row.perCpuS).toFixed(0)} µs each`,
    ]);
  }
  for (const [name, { residentBytes, heapBytes }] of Object.entries(self.idle)) {
    rows.push([
      `memory of an idle stream, ${name}`,
      formatBytes(Math.max(0, residentBytes)),
      ...against(40_000, residentBytes, '≤ 40 kB', false),
      `resident, of ${thousands(self.idleStreams)}; ${formatBytes(Math.max(0, heapBytes))} of it on the heap`,
    ]);
  }
  const { start, watching, costs } = self;
  rows.push(
    [
      'a fresh process to its first request',
      formatDuration(start.toFirstRequestMs),
      ...against(600, start.toFirstRequestMs, '≤ 0.6 s', false),
      `Node alone: ${formatDuration(start.nodeAloneMs)}`,
    ],
    [
      'progress and telemetry',
      formatRatio(watching),
      ...against(0.03, watching, '≤ 3 %', false),
      'of a core, of a whole run with 100 streams in which nothing arrives',
    ],
  );
  return `# What tgi-bench costs

Made by \`npm run bench:self\` on ${self.at.slice(0, 10)}: ${self.cpu}, ${self.cores} cores, Node ${self.node}; load
average ${self.loadAverage.toFixed(1)} when it ended. Ratios hold better than absolute values. The figures are in \`performance.json\`.

${table(['', 'measured', 'wanted', '', 'per second of CPU time, or what it is'], rows)}

Per token, apart from any socket: from the bytes of an event to what it says ${costs.scannerUs.toFixed(2)} µs, recorder
${costs.recorderUs.toFixed(2)} µs, its part of a line of \`requests.jsonl\` ${costs.serialisationUs.toFixed(2)} µs.

## How

The target is a bare socket server in another process, with answers that were rendered once. Counted is the CPU time,
user and system, of the client's process alone; each client has a process of its own, they take turns in rounds of about
a second, and given are the medians of ${self.rounds} rounds.

- **Streams.** The target sends one event of every stream each time the client asks for it by a named pipe, and the
  client sleeps until all are written: every read brings one event, however fast either side is. An answer has ${self.answerTokens}
  tokens. The floor sends the same requests and reads the same bytes through \`onread\` of \`node:net\` into one static buffer, and
  forgets them. Our drivers do all that a run does: closed loop, send, scan, stamp, record, recorder, and a line in \`requests.jsonl\`. Asking for a
  round costs every client the same 10 to 20 µs, which is most of what one stream costs and nothing at 1,000.
- **Unary.** 100 connections, 50 tokens an answer. autocannon is called by itself; ours records everything.
- **Memory.** A stream that has sent one token and waits: the growth of the process by 1,000 of them, after a collection.
- **Start.** From starting the process to the arrival of its first request at the target.
`;
}

/** What is wanted, and whether it is so; empty where nothing is. */
function against(bound: number | undefined, value: number, text: string, atLeast: boolean): [string, string] {
  if (bound === undefined) return [text, ''];
  return [text, (atLeast ? value >= bound : value <= bound) ? 'held' : 'MISSED'];
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

function thousands(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}
