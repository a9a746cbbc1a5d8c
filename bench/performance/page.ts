/** The page that is made of what the benches measured. */
import { formatBytes, formatDuration, formatRatio } from '../../src/units.ts';
import type { Accuracy, Costs, Machine, Results } from './results.ts';

/** `docs/performance.md`. */
export function page(results: Results): string {
  return `# What tgi-bench costs, and how true it is

Made by the benches from \`performance.json\`. What is missed stands here as missed.

${[
  ...(results.self === undefined ? [] : [costs(results.self)]),
  ...(results.accuracy === undefined ? [] : [accuracy(results.accuracy)]),
].join('\n')}`;
}

/** What is wanted of a driver: at least this share of the floor, by the number of streams. */
const wantedOfFloor: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  socket: { 100: 0.8, 1000: 0.7 },
  undici: { 100: 0.55, 1000: 0.45 },
};

/** Of what sends unary requests over http where nothing else is asked for. */
const wantedOfAutocannon: Readonly<Record<string, number>> = { socket: 1 };

function costs(self: Costs): string {
  const rows: string[][] = [];
  for (const [count, clients] of Object.entries(self.streams)) {
    for (const [name, row] of Object.entries(clients)) {
      const wanted = wantedOfFloor[name]?.[count];
      rows.push([
        `${count} ${count === '1' ? 'stream' : 'streams'}, ${name}`,
        `${row.ratio.toFixed(2)} of the floor`,
        ...against(wanted, row.ratio, wanted === undefined ? '' : `≥ ${wanted}`, true),
        `${thousands(row.perCpuS)} events, ${(1e6 / row.perCpuS).toFixed(1)} µs each`,
      ]);
    }
  }
  for (const [name, row] of Object.entries(self.unary)) {
    const wanted = wantedOfAutocannon[name];
    rows.push([
      `unary, 100 connections, ${name}`,
      `${row.ratio.toFixed(2)} of autocannon`,
      ...against(wanted, row.ratio, wanted === undefined ? '' : `≥ ${wanted}`, true),
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
  const { start, watching, costs: token } = self;
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
  return `## Costs

${madeBy('bench:self', self)} Ratios hold better than absolute values.

${table(['', 'measured', 'wanted', '', 'per second of CPU time, or what it is'], rows)}

Per token, apart from any socket: from the bytes of an event to what it says ${token.scannerUs.toFixed(2)} µs, recorder
${token.recorderUs.toFixed(2)} µs, its part of a line of \`requests.jsonl\` ${token.serialisationUs.toFixed(2)} µs.

The target is a bare socket server in another process, with answers that were rendered once. Counted is the CPU time,
user and system, of the client's process alone; each client has a process of its own, they take turns in rounds of about
a second, and given are the medians of ${self.processes} processes with ${self.rounds} rounds each (2 with 1,000 streams, whose rounds are
the longest) after some that warm them up; ratios are medians of the ratios in each round.

- **Streams.** The target sends one event of every stream each time the client asks for it by a named pipe, and the
  client sleeps until all are written: every read brings one event, however fast either side is. An answer has ${self.answerTokens}
  tokens. The floor sends the same requests, reads the same bytes through \`onread\` of \`node:net\` into one static buffer and
  forgets them. Our drivers do all that a run does: closed loop, send, scan, stamp, record, recorder, and a line in
  \`requests.jsonl\`. Asking for a round costs every client the same 10 to 20 µs, which is most of what one stream costs
  and nothing at 1,000.
- **Unary.** 100 connections, 50 tokens an answer. autocannon is called by itself; ours record everything. undici is shown
  alone as well, recording nothing: what it costs by itself its driver cannot save, and so the target is that of the
  sockets, which \`driver: auto\` takes for http.
- **Memory.** Streams that have sent one token and wait: how much the process grew by ${thousands(self.idleStreams)} of them, after a collection.
- **Start.** From starting the process to the arrival of its first request at the target.
`;
}

function accuracy(measured: Accuracy): string {
  const { figures, seconds, driver, overloaded } = measured;
  const rows = figures.map(({ case: title, name, median, runs, bound }) => [
    title,
    name,
    median.toFixed(3),
    `≤ ${bound}`,
    median <= bound ? 'held' : 'MISSED',
    `${Math.min(...runs).toFixed(3)} – ${Math.max(...runs).toFixed(3)}`,
  ]);
  return `## Accuracy

${madeBy('bench:accuracy', measured)} The ${driver} driver, runs of ${seconds} s whose thread has a core of its own where there are two,
kept awake by a loop of the lowest priority, for a host that lends a core takes it while it sleeps and gives it back up to 5 ms
late; what helps the run, to compile code and collect garbage, shares the other with the target.

${table(['load', 'error, ms', 'median of the runs', 'wanted', '', 'of each run'], rows)}

Asked for more than it can (${overloaded.asked}) a run says **${overloaded.verdict}**${overloaded.reasons.length > 0 ? `: ${overloaded.reasons.join('; ')}` : ''}.

The target notes when it hands each event to its socket, on the machine's monotonic clock, which the run reads as well, and
tells it after the run: the way of the events is that of any run. An error is the distance of a recorded time, or gap, from
that truth; \`of the report\` is the distance of the quantile in \`run.json\` from the same quantile of the truth.
`;
}

function madeBy(script: string, { at, cpu, cores, node, loadAverage }: Machine): string {
  return `Made by \`npm run ${script}\` on ${at.slice(0, 10)}: ${cpu}, ${cores} cores, Node ${node}; load average ${loadAverage.toFixed(1)} when it ended.`;
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
