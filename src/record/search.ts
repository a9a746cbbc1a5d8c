/** The search for the highest load that holds an objective, as `run.json` keeps it. */

/** What a search turns: how hard an endpoint is asked. */
export type SearchOver = 'ratePerS' | 'concurrency';

/** One load that was tried. */
export interface Probe {
  /** The cell that tried it, of this run or of `run`. */
  readonly cell: number;
  /** The run it was taken up from, where that was another. */
  readonly run?: string;
  readonly load: number;
  /** What it was tried for: to find both sides of the limit, to close in, or to measure the limit itself. */
  readonly part: 'bracket' | 'bisect' | 'measure';
  readonly verdict: ProbeVerdict;
  /** Why it was broken off early or cannot be used. */
  readonly reason?: string;
  /** Requests that count, and of them those on the wrong side of the objective, refused and dropped ones among them. */
  readonly requests: number;
  readonly wrong: number;
  /** How many independent requests tell as much; null where too few went wrong to say. */
  readonly effectiveRequests: number | null;
  /** The same count piece by piece, in order of time: what the answer is estimated from. */
  readonly batches: readonly (readonly [requests: number, wrong: number])[];
  /** From its first request to its last end, with warm-up and drain. */
  readonly tookMs: number;
}

/** Held and missed are sure by a bound; `hopeless`: broken off, for it missed by far and got worse; `invalid`: the generator could not keep up. */
export type ProbeVerdict = 'held' | 'missed' | 'undecided' | 'hopeless' | 'invalid';

/**
 * The highest load at which an endpoint holds an objective with a workload. `found`: it lies between `low` and `high`;
 * `at least`: nothing failed up to `low`, the highest load allowed; `below from`: even `high`, the lowest load that was
 * tried, failed; `unknown`: `reason` says why, and `low` and `high` what is known all the same.
 */
export interface SearchResult {
  readonly target: string;
  readonly workload: string;
  /** As it stands in the scenario. */
  readonly objective: string;
  readonly over: SearchOver;
  readonly kind: 'found' | 'at least' | 'below from' | 'unknown';
  /** How likely `low` to `high` holds the true limit. */
  readonly confidence: number;
  readonly low?: number;
  readonly estimate?: number;
  readonly high?: number;
  readonly reason?: string;
  readonly probes: readonly Probe[];
  /** What it cost in all: measured requests, and time with warm-up and drain. */
  readonly requests: number;
  readonly tookMs: number;
}
