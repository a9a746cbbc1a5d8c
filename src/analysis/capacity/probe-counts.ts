import type { RequestRecord } from '../../record/request-record.ts';
import type { Probe, ProbeVerdict } from '../../record/search.ts';
import type { Objective } from '../../scenario/objective.ts';
import { clopperPearson } from '../../stats/proportion.ts';
import { hopeless, type Sighting } from './saturation.ts';
import { wrongShare } from './wrong.ts';

/** So many requests make a piece: long enough that pieces next to each other hold most of what successive requests share. */
const pieceRequests = 60;
const fewestPieces = 2;

/** Slopes are looked at each time so many more requests have ended. */
const everySightings = 10;

/** How likely the verdict on a probe is wrong at most. */
const alpha = 0.05;

/** What is counted of one probe while it lasts. */
export class ProbeCounts {
  readonly #objective: Objective;
  readonly #goodput: Readonly<Record<string, number>> | undefined;
  readonly #asked: { readonly requests: number; readonly allowed: number; readonly isClosed: boolean };
  readonly #known: { readonly dueMs: number; readonly wrong: number }[] = [];
  readonly #sightings: Sighting[] = [];
  #wrong = 0;
  #hopeless: string | undefined;

  constructor(
    objective: Objective,
    goodput: Readonly<Record<string, number>> | undefined,
    asked: { readonly requests: number; readonly allowed: number; readonly isClosed: boolean },
  ) {
    this.#objective = objective;
    this.#goodput = goodput;
    this.#asked = asked;
  }

  /** Takes in a measured request that has ended, with how many were in flight then. */
  add(record: RequestRecord, inFlight: number): void {
    const wrong = wrongShare(record, this.#objective, this.#goodput);
    if (wrong === undefined) return;
    this.#known.push({ dueMs: record.dueMs, wrong });
    this.#wrong += wrong;
    if (this.#hopeless !== undefined) return;
    const { tokenTimesMs, endMs, dueMs, outcome } = record;
    const isServed = outcome.kind === 'ok' || tokenTimesMs.length > 0;
    this.#sightings.push({
      atMs: endMs,
      inFlight,
      waitedMs: isServed ? (tokenTimesMs[0] ?? endMs) - dueMs : undefined,
    });
    if (this.#sightings.length % everySightings === 0)
      this.#hopeless = hopeless(this.#sightings, this.#wrong, this.#asked);
  }

  /** Why it has no hope, once it has none. */
  get hopeless(): string | undefined {
    return this.#hopeless;
  }

  /** What it comes to, in order of time. */
  batches(): Probe['batches'] {
    const inOrder = this.#known.toSorted((a, b) => a.dueMs - b.dueMs);
    const pieces = Math.min(inOrder.length, Math.max(fewestPieces, Math.round(inOrder.length / pieceRequests)));
    return Array.from({ length: pieces }, (_, i) => {
      const own = inOrder.slice(
        Math.floor((i * inOrder.length) / pieces),
        Math.floor(((i + 1) * inOrder.length) / pieces),
      );
      return [own.length, own.reduce((sum, { wrong }) => sum + wrong, 0)] as const;
    });
  }
}

/** Requests of a probe, and of them those that lie on the wrong side. */
export function totalOf(batches: Probe['batches']): { readonly requests: number; readonly wrong: number } {
  return {
    requests: batches.reduce((sum, [requests]) => sum + requests, 0),
    wrong: batches.reduce((sum, [, wrong]) => sum + wrong, 0),
  };
}

/**
 * What the counts of a probe say of its load, by exact bounds on the share with as many requests as tell as much as
 * independent ones would (batch means: A. M. Law, Simulation Modeling and Analysis, ch. 9).
 */
export function judgeProbe(
  batches: Probe['batches'],
  allowed: number,
): { readonly verdict: ProbeVerdict; readonly effectiveRequests: number | null } {
  const { requests, wrong } = totalOf(batches);
  const dispersion = dispersionOf(batches, requests, wrong);
  const share = { count: wrong / (dispersion ?? 1), of: requests / (dispersion ?? 1) };
  const { low, high } = clopperPearson(share, alpha);
  return {
    verdict: high <= allowed ? 'held' : low > allowed ? 'missed' : 'undecided',
    effectiveRequests: dispersion === undefined ? null : share.of,
  };
}

/** How many times more its pieces vary than those of independent requests would; undefined where nothing varies. */
function dispersionOf(batches: Probe['batches'], requests: number, wrong: number): number | undefined {
  if (wrong === 0 || wrong === requests || batches.length < fewestPieces) return undefined;
  const residuals = batches.map(([n, k]) => k - (n * wrong) / requests);
  const own = residuals.reduce((sum, each) => sum + each * each, 0);
  const shared = residuals.reduce((sum, each, i) => sum + 2 * each * (residuals[i - 1] ?? 0), 0);
  const expected = wrong * (1 - wrong / requests);
  const correction = batches.length / (batches.length - 1);
  return Math.max(1, (Math.max(own, own + shared) / expected) * correction);
}
