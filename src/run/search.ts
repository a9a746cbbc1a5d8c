/**
 * The searches of a run for the highest load that holds an objective, one endpoint and workload after another. Each
 * probe is a cell like any other; what is tried next is for `analysis/capacity/search` to say.
 */
import { judgeProbe, ProbeCounts, totalOf } from '../analysis/capacity/probe-counts.ts';
import { mostProbes, nextProbe, type SearchPlan } from '../analysis/capacity/search.ts';
import { answerOf } from '../analysis/capacity/search-answer.ts';
import { worstValidity } from '../analysis/validity.ts';
import type { RequestRecord } from '../record/request-record.ts';
import type { CellResult, Run, Validity } from '../record/run.ts';
import type { Probe, SearchResult } from '../record/search.ts';
import type { Cell, Pairing } from '../scenario/expand.ts';
import { heaviestCells, probeCell, searchedPairings } from '../scenario/probe-cell.ts';
import type { Scenario } from '../scenario/resolve.ts';
import { allowedShare, type Search } from '../scenario/search.ts';

/** What an earlier run had found when it ended. */
export interface Resumed {
  readonly run: string;
  readonly searches: readonly SearchResult[];
}

/** The search at one endpoint with one workload. */
interface Place {
  readonly pairing: Pairing;
  readonly probes: Probe[];
}

/** What is known of the probe that is driven. */
interface Current {
  readonly place: Place;
  readonly probe: Pick<Probe, 'cell' | 'load' | 'part'>;
  readonly counts: ProbeCounts;
  readonly hopeless: AbortController;
}

/** The plan of a scenario's search, which is the same for all of its endpoints. */
export function planOf(search: Search): SearchPlan {
  const { over, from, to, lowest, requests, measures, warmup, objective } = search;
  const allowed = allowedShare(objective) as number;
  return { allowed, over, from, to, lowest, requests, measures, ...(warmup === undefined ? {} : { warmup }) };
}

export class Searching {
  readonly #scenario: Scenario;
  readonly #search: Search;
  readonly #plan: SearchPlan;
  readonly #places: readonly Place[];
  #cells = 0;
  #current: Current | undefined;

  constructor(scenario: Scenario, search: Search, resumed?: Resumed) {
    this.#scenario = scenario;
    this.#search = search;
    this.#plan = planOf(search);
    this.#places = searchedPairings(scenario, search).map(pairing => ({
      pairing,
      probes: resumed === undefined ? [] : takenUp(pairing, resumed),
    }));
  }

  /** The probes, each to be told of with `saw` and `ended` before the next is asked for. */
  *stages(): Generator<Cell[]> {
    for (const place of this.#places) {
      for (let cell = this.#next(place); cell !== undefined; cell = this.#next(place)) yield [cell];
    }
  }

  /** As many stages as there may be at most; how long they take nobody knows. */
  mostStages(): Cell[][] {
    const most = mostProbes(this.#plan);
    return heaviestCells(this.#scenario).flatMap(cell =>
      Array.from({ length: most }, () => [{ ...cell, step: -1, end: {} }]),
    );
  }

  /** Aborted once the probe that is driven has no hope. */
  get hopeless(): AbortSignal {
    return (this.#current as Current).hopeless.signal;
  }

  /** Takes in a request of the probe that is driven, as it ends, and how many are then in flight. */
  saw(record: RequestRecord, inFlight: number): void {
    if (record.phase !== 'measured' || this.#current === undefined) return;
    const { counts, hopeless } = this.#current;
    counts.add(record, inFlight);
    if (counts.hopeless !== undefined) hopeless.abort(counts.hopeless);
  }

  /** Takes in the probe that was driven; one that the run broke off tells nothing and is left out. */
  ended(result: CellResult, tookMs: number): void {
    const { place, probe, counts, hopeless } = this.#current as Current;
    this.#current = undefined;
    if (result.endedBy === 'interrupted') return;
    const batches = counts.batches();
    const { verdict, effectiveRequests } = judgeProbe(batches, this.#plan.allowed);
    const { requests, wrong } = totalOf(batches);
    const known = { ...probe, requests, wrong, effectiveRequests, batches, tookMs };
    if (result.validity.verdict === 'invalid')
      place.probes.push({
        ...known,
        verdict: 'invalid',
        ...reasonOf(result.validity.reasons.map(({ text }) => text).join('; ')),
      });
    else if (requests === 0)
      place.probes.push({ ...known, verdict: 'invalid', reason: 'no request came to an end that tells' });
    else if (hopeless.signal.aborted)
      place.probes.push({ ...known, verdict: 'hopeless', ...reasonOf(counts.hopeless) });
    else if (result.stopRule !== undefined)
      place.probes.push({ ...known, verdict: 'missed', reason: `ended by stopIf: ${result.stopRule}` });
    else place.probes.push({ ...known, verdict });
  }

  /** What is known so far. */
  results(): SearchResult[] {
    const { objective, over } = this.#search;
    return this.#places.map(({ pairing, probes }) => ({
      target: pairing.target.name,
      workload: pairing.workload,
      objective: objective.text,
      over,
      ...answerOf(this.#plan, probes),
      probes: [...probes],
      requests: probes.reduce((sum, { requests }) => sum + requests, 0),
      tookMs: probes.reduce((sum, { tookMs }) => sum + tookMs, 0),
    }));
  }

  #next(place: Place): Cell | undefined {
    const next = nextProbe(this.#plan, place.probes);
    if (next === undefined) return undefined;
    const numbers = { index: this.#cells++, step: place.probes.length };
    const { load, part, requests } = next;
    const isClosed = this.#plan.over === 'concurrency';
    this.#current = {
      place,
      probe: { cell: numbers.index, load, part },
      counts: new ProbeCounts(this.#search.objective, this.#scenario.goodput, {
        requests,
        allowed: this.#plan.allowed,
        isClosed,
      }),
      hopeless: new AbortController(),
    };
    return probeCell(this.#scenario, this.#search, place.pairing, next, numbers);
  }
}

function takenUp({ target, workload }: Pairing, { run, searches }: Resumed): Probe[] {
  const before = searches.find(search => search.target === target.name && search.workload === workload);
  return (before?.probes ?? []).map(probe => ({ ...probe, run: probe.run ?? run }));
}

function reasonOf(reason: string | undefined): { readonly reason?: string } {
  return reason === undefined ? {} : { reason };
}

/** The probes of a run that has ended, as cells again. */
export function probeCells({ scenario, cells }: Pick<Run, 'scenario' | 'cells'>, search: Search): Cell[] {
  const pairings = searchedPairings(scenario, search);
  return cells.flatMap(({ index, step, target, workload, load, counts }) => {
    const pairing = pairings.find(each => each.target.name === target.name && each.workload === workload);
    const value = load.kind === 'closed' ? load.concurrency : load.ratePerS;
    const probing = { load: value, requests: counts.due, warmup: 0 };
    return pairing === undefined ? [] : [probeCell(scenario, search, pairing, probing, { index, step })];
  });
}

/** The verdict on a run: a search has set aside what the generator could not keep up with, unless that was all there was. */
export function validityOf(cells: readonly CellResult[], searches: readonly SearchResult[] = []): Validity {
  const setAside = new Set(
    searches.flatMap(({ probes }) =>
      probes.filter(({ verdict, run }) => verdict === 'invalid' && run === undefined).map(({ cell }) => cell),
    ),
  );
  const used = cells.filter(({ index }) => !setAside.has(index));
  return worstValidity((used.length > 0 ? used : cells).map(({ validity }) => validity));
}
