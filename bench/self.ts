/**
 * What this program costs, beside the least it could cost on the same machine: every client in a process of its own,
 * in short rounds that take turns, so that a busy machine hurts all of them alike. Writes docs/performance.json and,
 * from it, docs/performance.md.
 *
 * npm run bench:self
 * npm run bench:self -- --rounds 3 --streams 100 --only undici     while one is at work on something; nothing is written
 */
import { parseArgs } from 'node:util';
import { ClientProcess } from './performance/client-process.ts';
import { drivers } from './performance/clients.ts';
import { tokenCosts } from './performance/costs.ts';
import { startTimes, watchRatio } from './performance/program.ts';
import { type Costs, machine, median, type Row, writeResults } from './performance/results.ts';

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '4' },
    streams: { type: 'string', default: '1,100,1000' },
    only: { type: 'string', default: drivers.join(',') },
  },
});
const rounds = Number(options.rounds);
const few = { times: rounds, warmups: 4 };
const isWhole = process.argv.length === 2;
const measured = options.only.split(',');
const answerTokens = 250;
/** How many answers a round takes at so many streams: about as long a round each. */
const answersOf = (streams: number) => Math.max(streams, Math.min(200, streams * 16));

const say = (line: string) => void process.stdout.write(`${line}\n`);
const whole = (value: number) => Math.round(value).toLocaleString('en-US');

/** How many processes of each client are measured, one after another: what V8 makes of the same code is not the same in each. */
const processes = 5;

/** Each client's figure and its ratio to that of the first, medians over all rounds; `warmups` rounds of each process do not count. */
async function compare(
  names: readonly string[],
  { times, warmups }: { readonly times: number; readonly warmups: number },
  perCpuS: (client: ClientProcess) => Promise<number>,
): Promise<Record<string, Row>> {
  const figures = new Map<string, number[]>(names.map(name => [name, []]));
  for (let nth = 0; nth < processes; nth++) {
    const clients = await Promise.all(names.map(name => ClientProcess.start(name)));
    try {
      for (let round = -warmups; round < times; round++) {
        for (const client of inTurn(clients, round + warmups)) {
          const figure = await perCpuS(client);
          if (round >= 0) figures.get(client.name)?.push(figure);
        }
      }
    } finally {
      await Promise.all(clients.map(client => client.stop()));
    }
  }
  const base = figures.get(names[0] ?? '') ?? [];
  const rowOf = (own: readonly number[]): Row => ({
    perCpuS: median(own),
    ratio: median(own.map((figure, round) => figure / (base[round] as number))),
    lowest: Math.min(...own),
    highest: Math.max(...own),
  });
  return Object.fromEntries([...figures].map(([name, own]) => [name, rowOf(own)]));
}

/** Each begins as often as any other, and comes before another as often as after it: what was done before leaves its traces. */
function inTurn<T>(all: readonly T[], turn: number): T[] {
  const first = (turn >> 1) % all.length;
  const order = [...all.slice(first), ...all.slice(0, first)];
  return turn % 2 === 0 ? order : order.reverse();
}

function show(title: string, rows: Readonly<Record<string, Row>>): void {
  say(title);
  const [base = ''] = Object.keys(rows);
  for (const [name, { perCpuS, ratio, lowest, highest }] of Object.entries(rows)) {
    const range = `${whole(lowest)} – ${whole(highest)}`;
    const each = `${(1e6 / perCpuS).toFixed(2)} µs`;
    say(
      `  ${name.padEnd(12)} ${ratio.toFixed(2)} of ${base}  ${whole(perCpuS).padStart(8)}  ${each.padStart(9)}  (${range})`,
    );
  }
}

const streams: Record<string, Record<string, Row>> = {};
for (const count of options.streams.split(',').map(Number)) {
  const rows = await compare(['floor', ...measured], count < 1000 ? few : { times: 2, warmups: 1 }, async client => {
    const asking = { pace: 'lockstep', connections: count, answers: answersOf(count), tokens: answerTokens };
    const { events, cpuMs } = await client.ask({ ...asking, stream: true });
    if (events !== asking.answers * answerTokens) throw new Error(`${client.name}: ${events} events came`);
    return (events / cpuMs) * 1000;
  });
  show(`events per CPU second, ${count} streams`, rows);
  streams[count] = rows;
}
const unaryRows = await compare(['autocannon', 'floor', 'undici alone', ...measured], few, async client => {
  const asking = { pace: 'flood', connections: 100, answers: 10_000, tokens: 50, stream: false };
  const { events, cpuMs } = await client.ask(asking);
  if (events !== asking.answers) throw new Error(`${client.name}: ${events} answers came`);
  return (events / cpuMs) * 1000;
});
show('unary requests per CPU second, 100 connections', unaryRows);

const idleStreams = 1_000;
const idle: Costs['idle'] = {};
for (const name of measured) {
  const held = { residentBytes: [] as number[], heapBytes: [] as number[] };
  for (let round = 0; round < Math.min(3, rounds); round++) {
    const client = await ClientProcess.start(name);
    const { residentBytes, heapBytes } = await client.idle(idleStreams);
    await client.stop();
    held.residentBytes.push(residentBytes);
    held.heapBytes.push(heapBytes);
  }
  const kept = { residentBytes: median(held.residentBytes), heapBytes: median(held.heapBytes) };
  say(`an idle stream, ${name}: ${whole(kept.residentBytes)} bytes resident, ${whole(kept.heapBytes)} on the heap`);
  idle[name] = kept;
}

if (isWhole) {
  const costs = tokenCosts();
  say(
    `per token: scanner ${costs.scannerUs.toFixed(2)} µs, recorder ${costs.recorderUs.toFixed(2)} µs, line of requests.jsonl ${costs.serialisationUs.toFixed(2)} µs`,
  );
  const starts = await startTimes(7);
  const start = { toFirstRequestMs: median(starts.toFirstRequestMs), nodeAloneMs: median(starts.nodeAloneMs) };
  say(`start: ${whole(start.toFirstRequestMs)} ms to the first request, Node alone ${whole(start.nodeAloneMs)} ms`);
  const watching = await watchRatio(100, 6);
  say(`watching 100 idle streams: ${(watching * 100).toFixed(1)} % of a core`);
  const costsOfAll: Costs = {
    ...machine(),
    rounds,
    processes,
    answerTokens,
    streams,
    unary: unaryRows,
    idle,
    idleStreams,
    costs,
    start,
    watching,
  };
  for (const file of await writeResults({ self: costsOfAll })) say(`written: ${file}`);
}
