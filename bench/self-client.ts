/**
 * A client of `bench:self` in a process of its own, so that its CPU time is all its own. It answers each message with
 * what it did and what that cost. Started by the bench, with the name of the client as its argument.
 */
import { setMaxListeners } from 'node:events';
import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import {
  type AskAll,
  type Asking,
  cannon,
  floor,
  request,
  sendOf,
  throughDriver,
  undiciAlone,
} from './performance/clients.ts';
import type { Cost, Told, Work } from './performance/work.ts';

const [, , name = '', goPath = '', donePath = ''] = process.argv;

const others: Readonly<Record<string, () => AskAll>> = {
  floor,
  autocannon: () => cannon,
  'undici alone': undiciAlone,
};
const askAll: AskAll = others[name]?.() ?? throughDriver(name);

/** Has the null target send round after round as long as `work` lasts, asleep while it writes. */
function inLockstep(work: Promise<unknown>): void {
  const go = openSync(goPath, 'r+');
  const done = openSync(donePath, 'r+');
  const byte = Buffer.alloc(1);
  let goesOn = true;
  const turn = () => {
    if (!goesOn) {
      closeSync(go);
      closeSync(done);
      return;
    }
    writeSync(go, '.');
    readSync(done, byte);
    setImmediate(turn);
  };
  const end = () => {
    goesOn = false;
  };
  work.then(end, end);
  setImmediate(turn);
}

async function ask(asking: Asking): Promise<Cost> {
  const cpu = process.cpuUsage();
  const asked = askAll(asking);
  if (asking.pace === 'lockstep') inLockstep(asked);
  const events = await asked;
  const { user, system } = process.cpuUsage(cpu);
  return { events, cpuMs: (user + system) / 1000 };
}

/** What so many streams hold on to once their first token is there and no other comes: resident and on V8's heap. */
async function idle(url: string, streams: number): Promise<Told> {
  const { send, open } = sendOf(name, url, 'still');
  const resident = () => {
    globalThis.gc?.();
    globalThis.gc?.();
    const { rss, heapUsed, external } = process.memoryUsage();
    return { rss, kept: heapUsed + external };
  };
  await askAll({ url, pace: 'flood', connections: 10, answers: 1000, tokens: 10, stream: true }); // its code is loaded
  const before = resident();
  await open(streams);
  const abort = new AbortController();
  setMaxListeners(0, abort.signal);
  const sent = Array.from({ length: streams }, () => send(request(1000, true), abort.signal));
  await new Promise(resolve => setTimeout(resolve, 1500));
  const after = resident();
  abort.abort();
  await Promise.all(sent);
  return {
    residentBytes: (after.rss - before.rss) / streams,
    heapBytes: (after.kept - before.kept) / streams,
  };
}

function perform(work: Work): Promise<Told> {
  switch (work.kind) {
    case 'ask':
      return ask(work);
    case 'idle':
      return idle(work.url, work.streams);
  }
}

process.on('message', (work: Work) => {
  void perform(work).then(
    told => process.send?.(told),
    (error: unknown) => {
      process.stderr.write(`${name}: ${String(error)}\n`);
      process.exit(1);
    },
  );
});
process.on('disconnect', () => process.exit());
