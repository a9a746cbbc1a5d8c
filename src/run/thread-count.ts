/** Over how many threads a run is spread where nobody says. */
import { exitCodes, HarnessError } from '../errors.ts';
import type { Cell } from '../scenario/expand.ts';
import { heaviestCells } from '../scenario/probe-cell.ts';
import { type Material, phaseOf } from './phase.ts';

/** What there is to spread a load over. */
export interface Cores {
  readonly cores: number;
  /** Whether the embedded service runs on them as well. */
  readonly isEmbedded: boolean;
}

/**
 * So many token events a second one thread takes while each is stamped within about a millisecond: they cost 8 µs each,
 * and what arrives at once, as from 200 streams that tick in step 50 times a second, is read one after the other.
 */
const eventsPerThread = 10_000;

/** What a request costs besides its tokens, in token events. */
const eventsPerRequest = 15;

/** What one stream gets from a model of 7 billion parameters, at a guess. */
const tokensPerS = 50;

/** How many requests of a cell show what its requests are like. */
const requestsLookedAt = 20;

/** The number that `--threads` asks for; undefined for `auto`. Throws a HarnessError where it is neither. */
export function threadsAsked(text: string): number | undefined {
  if (text === 'auto') return undefined;
  if (/^[1-9]\d{0,2}$/.test(text)) return Number(text);
  throw new HarnessError(`--threads: expected auto or a whole number from 1 to 999, got ${JSON.stringify(text)}`, {
    hint: 'auto takes as many as the load needs and the machine has cores for',
    exitCode: exitCodes.usage,
  });
}

/** How many threads the busiest stage of a scenario needs; no more than there are cores beside the one that keeps the run and the one of an embedded service. */
export function threadsFor(material: Material, { cores, isEmbedded }: Cores): number {
  const perStage = new Map<number, number>();
  for (const cell of heaviestCells(material.scenario))
    perStage.set(cell.stage, (perStage.get(cell.stage) ?? 0) + eventsPerS(cell, material));
  const needed = Math.ceil(Math.max(0, ...perStage.values()) / eventsPerThread);
  return Math.max(1, Math.min(needed, cores - (isEmbedded ? 2 : 1)));
}

/** The token events that a cell makes in a second: as many requests as its rate and its places in flight let it send, and their tokens. */
function eventsPerS(cell: Cell, material: Material): number {
  const { load, driver } = cell;
  if (driver === 'autocannon') return 0; // it is never spread
  const { tokens, events } = meanRequest(cell, material);
  const inFlight = load.kind === 'closed' ? load.effectiveConcurrency : load.effectiveMaxInFlight;
  const ratePerS = load.kind === 'closed' ? Number.POSITIVE_INFINITY : highestRate(load);
  return Math.min(ratePerS, ((inFlight ?? Number.POSITIVE_INFINITY) * tokensPerS) / tokens) * events;
}

function highestRate(load: Extract<Cell['load'], { kind: 'open' }>): number {
  return load.arrivals === 'trace' || load.ramp === undefined
    ? load.ratePerS
    : Math.max(load.ramp.fromPerS, load.ramp.toPerS);
}

/** The mean of the first requests: how many tokens they ask for, and how many events that makes. */
function meanRequest(cell: Cell, material: Material): { readonly tokens: number; readonly events: number } {
  const { arrivals, requestOf } = phaseOf(cell, material);
  const { load } = cell;
  let [count, tokens, events] = [0, 0, 0];
  for (const lengths of load.kind === 'open' ? arrivals(load, 'measured') : new Array(requestsLookedAt).fill({})) {
    const { maxNewTokens, stream } = requestOf('measured', count, lengths);
    tokens += maxNewTokens;
    events += eventsPerRequest + (stream ? maxNewTokens : 0);
    if (++count === requestsLookedAt) break;
  }
  return { tokens: tokens / count, events: events / count };
}
