/** A measured load put through the engine in virtual time: the same requests, at the same times or in the same slots. */

import { type Arrival, openStation, type Served, type SimulationOptions, type Station } from '../../engine/station.ts';
import { defaultHostTime } from '../../engine/step-time.ts';
import { rankOf } from '../../stats/quantile.ts';
import type { ObservedLoad, ObservedRequest } from './observed-load.ts';

/** What of an engine is fitted to measured times. */
export interface EngineKnobs {
  /** On what every step takes, as a factor of the preset: weights read from memory, context, a fixed part on the host. */
  readonly floor: number;
  /** On what each prompt token and picture takes, as a factor of the preset. */
  readonly slope: number;
  /** What the host takes for each sequence of a step. */
  readonly sequenceMs: number;
  /** What a request spends outside the engine: the way there and back, the gateway, the router's validation. */
  readonly networkMs: number;
}

/** The knobs that leave a preset as it is. */
export const presetKnobs: EngineKnobs = { floor: 1, slope: 1, sequenceMs: defaultHostTime.sequenceMs, networkMs: 0 };

/** An engine with its knobs turned. */
export function tuned(engine: SimulationOptions, { floor, slope, sequenceMs }: EngineKnobs): SimulationOptions {
  return { ...engine, scale: { floor, slope }, host: { ...defaultHostTime, sequenceMs } };
}

/** What users saw, each list in rising order. */
export interface Seen {
  readonly ttftMs: readonly number[];
  readonly tpotMs: readonly number[];
  readonly outputTokensPerS: number;
}

/** What users saw of the measured requests of a load. */
export function seen({ requests }: ObservedLoad): Seen {
  const tally = new Tally();
  for (const request of requests)
    if (request.counts) tally.add(request, request.atMs, request.firstTokenMs, request.lastTokenMs);
  return tally.seen();
}

/** What they would have seen of an engine with these knobs; throws what `createEngine` throws. */
export function replayed(load: ObservedLoad, engine: SimulationOptions, knobs: EngineKnobs): Seen {
  const { networkMs } = knobs;
  const tally = new Tally();
  const note = (served: Served) => {
    const request = load.requests[served.arrival.id] as ObservedRequest;
    if (served.outcome === 'ok' && request.counts)
      tally.add(request, served.arrival.atMs, served.firstTokenMs + networkMs, served.endMs + networkMs);
  };
  const options = tuned(engine, knobs);
  if (load.pace.kind === 'open') replayOpen(load.requests, openStation(options, note));
  else {
    const { slots, thinkTimeMs } = load.pace;
    replayClosed(load.requests, slots, thinkTimeMs + networkMs, onServed =>
      openStation(options, served => {
        note(served);
        onServed(served);
      }),
    );
  }
  return tally.seen();
}

function replayOpen(requests: readonly Arrival[], station: Station): void {
  for (const request of requests) station.offer(request);
  station.advance(Number.POSITIVE_INFINITY);
}

/** The first requests come when they came, each later one when an earlier one has been answered, its slot has paused, and as late after that as it was sent. */
function replayClosed(
  requests: readonly ObservedRequest[],
  slots: number,
  pauseMs: number,
  open: (onServed: (served: Served) => void) => Station,
): void {
  /** What is still to be sent by a slot that has one, in the order of its times: a late one keeps no other waiting. */
  const due: Arrival[] = [...requests.slice(0, slots)];
  let next = slots;
  let nowMs = 0;
  const station = open(served => {
    const request = requests[next++];
    if (request === undefined) return;
    const freeMs = (served.outcome === 'ok' ? served.endMs : nowMs) + pauseMs;
    const atMs = Math.max(nowMs, freeMs + request.sendLagMs);
    const later = due.findIndex(other => other.atMs > atMs);
    due.splice(later === -1 ? due.length : later, 0, { ...request, atMs });
  });
  while (Number.isFinite(nowMs)) {
    station.advance(nowMs);
    // The batch is settled when the engine is asked for its next event, so who is due at this instant comes first.
    for (let first = due[0]; first !== undefined && first.atMs <= nowMs; first = due[0]) {
      due.shift();
      station.offer(first);
    }
    nowMs = Math.min(due[0]?.atMs ?? Number.POSITIVE_INFINITY, station.nextMs() ?? Number.POSITIVE_INFINITY);
  }
}

/** Gathers what users of some requests saw. */
class Tally {
  readonly #ttftMs: number[] = [];
  readonly #tpotMs: number[] = [];
  #fromMs = Number.POSITIVE_INFINITY;
  #untilMs = 0;
  #tokens = 0;

  add({ outputTokens }: ObservedRequest, atMs: number, firstMs: number, lastMs: number): void {
    this.#ttftMs.push(firstMs - atMs);
    if (outputTokens > 1) this.#tpotMs.push((lastMs - firstMs) / (outputTokens - 1));
    this.#fromMs = Math.min(this.#fromMs, atMs);
    this.#untilMs = Math.max(this.#untilMs, lastMs);
    this.#tokens += outputTokens;
  }

  seen(): Seen {
    return {
      ttftMs: [...Float64Array.from(this.#ttftMs).sort()],
      tpotMs: [...Float64Array.from(this.#tpotMs).sort()],
      outputTokensPerS: (1000 * this.#tokens) / (this.#untilMs - this.#fromMs),
    };
  }
}

/** The value of a quantile by nearest rank in a list in rising order; NaN of none. */
export function quantileOf(rising: readonly number[], q: number): number {
  return rising[rankOf(q, rising.length) - 1] ?? Number.NaN;
}
