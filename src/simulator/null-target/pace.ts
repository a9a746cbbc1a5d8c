import { closeSync, constants, openSync, writeSync } from 'node:fs';
import { Socket } from 'node:net';
import type { NullAnswer } from './answer.ts';
import { machineMs } from './machine-time.ts';

/** Decides when the events of answers go out. */
export interface Pace {
  add(answer: NullAnswer): void;
}

/** Which pace the first part of a path asks for. */
export type PaceName =
  | { readonly kind: 'flood' | 'still' | 'lockstep' }
  | { readonly kind: 'staggered' | 'in-step'; readonly tokensPerS: number };

/** Reads `flood`, `still`, `lockstep`, `staggered-50`, `in-step-20`; undefined for anything else. */
export function parsePace(name: string): PaceName | undefined {
  const [, kind, rate] = /^(flood|still|lockstep|staggered|in-step)(?:-(\d{1,6}))?$/.exec(name) ?? [];
  switch (kind) {
    case 'flood':
    case 'still':
    case 'lockstep':
      return rate === undefined ? { kind } : undefined;
    case 'staggered':
    case 'in-step':
      return Number(rate) > 0 ? { kind, tokensPerS: Number(rate) } : undefined;
    default:
      return undefined;
  }
}

/** Where rounds of the lockstep are asked for and acknowledged: two named pipes. */
export interface Gate {
  readonly goPath: string;
  readonly donePath: string;
}

/** Makes a pace; undefined for a lockstep without a gate. */
export function paceOf(name: PaceName, gate: Gate | undefined): Pace | undefined {
  switch (name.kind) {
    case 'flood':
      return flood();
    case 'still':
      return { add: answer => void answer.sendNext() };
    case 'lockstep':
      return gate === undefined ? undefined : lockstep(gate);
    case 'staggered':
      return staggered(1000 / name.tokensPerS);
    case 'in-step':
      return inStep(1000 / name.tokensPerS);
  }
}

/** Every answer as fast as its client reads: an event of each, turn by turn of the event loop. */
function flood(): Pace {
  let answers: NullAnswer[] = [];
  const turn = () => {
    const sent = answers.filter(answer => answer.sendNext()).length;
    answers = answers.filter(answer => !answer.isOver);
    if (answers.length === 0) return;
    if (sent > 0) setImmediate(turn);
    else setTimeout(turn, 1); // all of them wait for clients that do not read
  };
  return {
    add(answer) {
      answer.sendNext();
      if (answers.push(answer) === 1) setImmediate(turn);
    },
  };
}

/**
 * One event of every answer each time the client asks for a round, and a byte back when all of them are written. The
 * client waits for that byte asleep, so that every read brings exactly one event however fast either side is.
 */
function lockstep(gate: Gate): Pace {
  if (gate === undefined) return { add: answer => void answer.sendNext() };
  let answers: NullAnswer[] = [];
  const done = openSync(gate.donePath, constants.O_RDWR);
  const go = new Socket({ fd: openSync(gate.goPath, constants.O_RDWR | constants.O_NONBLOCK), writable: false });
  go.on('data', () => {
    for (const answer of answers) answer.sendNext();
    answers = answers.filter(answer => !answer.isOver);
    writeSync(done, '.');
  });
  go.on('close', () => closeSync(done));
  return { add: answer => void answers.push(answer) };
}

/** Before so much time is left the loop is turned instead of a timer set, which could be late by as much. */
const turningMs = 1.5;

/** Calls `beat` at the time in ms it last gave, to within microseconds, until it gives none; for that it takes most of a core. */
class Metronome {
  readonly #beat: (nowMs: number) => number | undefined;
  #timer: NodeJS.Timeout | undefined;
  #immediate: NodeJS.Immediate | undefined;

  constructor(beat: (nowMs: number) => number | undefined) {
    this.#beat = beat;
  }

  /** Asks `beat` anew, for there is something it did not know of. */
  wake(): void {
    clearTimeout(this.#timer);
    this.#immediate ??= setImmediate(() => this.#turn());
  }

  #turn(): void {
    this.#immediate = undefined;
    const dueMs = this.#beat(machineMs());
    if (dueMs === undefined) return;
    const waitMs = dueMs - machineMs();
    if (waitMs > turningMs) this.#timer = setTimeout(() => this.#turn(), waitMs - turningMs);
    else this.#immediate = setImmediate(() => this.#turn());
  }
}

/** Each answer in its own phase, spread as evenly as can be (multiples of the golden ratio). */
function staggered(intervalMs: number): Pace {
  /** In the order in which they are due. */
  const waiting: { readonly answer: NullAnswer; dueMs: number }[] = [];
  let phase = 0;
  const insert = (entry: (typeof waiting)[0]) => {
    let at = waiting.length;
    while (at > 0 && (waiting[at - 1] as typeof entry).dueMs > entry.dueMs) at--;
    waiting.splice(at, 0, entry);
  };
  const beat = (nowMs: number) => {
    for (let first = waiting[0]; first !== undefined && first.dueMs <= nowMs; first = waiting[0]) {
      waiting.shift();
      first.answer.sendNext();
      if (first.answer.isOver) continue;
      // One that is a whole interval late is not made up for: two events at once would be no pace.
      first.dueMs = Math.max(first.dueMs, nowMs - intervalMs) + intervalMs;
      insert(first);
    }
    return waiting[0]?.dueMs;
  };
  const metronome = new Metronome(beat);
  return {
    add(answer) {
      phase = (phase + 0.618_033_988_749_895) % 1;
      const nowMs = machineMs();
      insert({ answer, dueMs: nowMs + modulo(phase * intervalMs - nowMs, intervalMs) });
      metronome.wake();
    },
  };
}

/** All answers get their events in the same tick, as continuous batching sends them. */
function inStep(intervalMs: number): Pace {
  let answers: NullAnswer[] = [];
  const nextTick = (nowMs: number) => nowMs + intervalMs - modulo(nowMs, intervalMs);
  let tickMs = 0;
  const beat = (nowMs: number) => {
    if (nowMs >= tickMs) {
      for (const answer of answers) answer.sendNext();
      answers = answers.filter(answer => !answer.isOver);
      tickMs = nextTick(nowMs);
    }
    return answers.length > 0 ? tickMs : undefined;
  };
  const metronome = new Metronome(beat);
  return {
    add(answer) {
      if (answers.push(answer) === 1) tickMs = nextTick(machineMs());
      metronome.wake();
    },
  };
}

function modulo(value: number, by: number): number {
  return ((value % by) + by) % by;
}
