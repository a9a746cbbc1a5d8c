/** What a measured load was to the engine: when requests came, how long they were, and what their users saw. */

import type { Arrival } from '../../engine/station.ts';
import type { RequestRecord } from '../../record/request-record.ts';
import type { CellResult, Run } from '../../record/run.ts';
import { loadLabel } from '../../scenario/expand.ts';
import { formatRatio, plural } from '../../units.ts';

/** One answered request; it came when it was sent: how late the generator was is no affair of the engine's. */
export interface ObservedRequest extends Arrival {
  /** False of those that only kept others company: warm-up and cool-down. */
  readonly counts: boolean;
  /** Of a closed loop: how long its slot was free before it was sent. Those that are free at once are sent one after the other. */
  readonly sendLagMs: number;
  readonly firstTokenMs: number;
  readonly lastTokenMs: number;
}

/** One cell as the engine can be put through it. */
export interface ObservedLoad {
  readonly label: string;
  /** A closed loop sends when the engine has answered; an open one whatever it does. */
  readonly pace:
    | { readonly kind: 'closed'; readonly slots: number; readonly thinkTimeMs: number }
    | { readonly kind: 'open' };
  /** In the order in which they were sent. */
  readonly requests: readonly ObservedRequest[];
}

/** A cell that cannot be put through the engine, and why. */
export interface UnusableLoad {
  readonly label: string;
  readonly why: string;
}

/** The loads of one endpoint with one workload, as its records tell them one by one. */
export interface LoadObserver {
  add(record: RequestRecord): void;
  loads(): { readonly usable: readonly ObservedLoad[]; readonly unusable: readonly UnusableLoad[] };
}

/** So many requests of a cell say what it was like; those after them are left out, so that a soak is read as soon as a run. */
const requestsKept = 3000;
/** Fewer say too little of a quantile. */
const fewestMeasured = 20;
/** More unanswered than that, and what was in the engine is not known. */
const mostUnanswered = 0.02;

/** Gathers what the engine must know of the cells of an endpoint with a workload. */
export function observeLoads(
  { cells, scenario }: Pick<Run, 'cells' | 'scenario'>,
  { target, workload }: { readonly target: string; readonly workload: string },
): LoadObserver {
  const gathered = new Map<number, { readonly cell: CellResult; readonly records: RequestRecord[] }>();
  for (const cell of cells)
    if (cell.target.name === target && cell.workload === workload) gathered.set(cell.index, { cell, records: [] });
  return {
    add(record) {
      const records = gathered.get(record.cell)?.records;
      if (records !== undefined && record.sentMs !== undefined) records.push(record);
    },
    loads() {
      const usable: ObservedLoad[] = [];
      const unusable: UnusableLoad[] = [];
      for (const { cell, records } of gathered.values()) {
        const label = loadLabel(cell.load);
        const bySending = records.sort((a, b) => (a.sentMs as number) - (b.sentMs as number)).slice(0, requestsKept);
        const why = whyUnusable(cell, bySending);
        if (why !== undefined) unusable.push({ label, why });
        else
          usable.push({
            label,
            pace: paceOf(cell),
            requests: bySending.filter(isAnswered).map((record, id) => observed(record, id, scenario)),
          });
      }
      return { usable, unusable };
    },
  };
}

type Answered = RequestRecord & {
  readonly sentMs: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
};

function isAnswered(record: RequestRecord): record is Answered {
  const { outcome, tokenTimesMs, inputTokens, outputTokens } = record;
  return outcome.kind === 'ok' && tokenTimesMs.length > 0 && inputTokens !== undefined && outputTokens !== undefined;
}

function whyUnusable({ load, validity }: CellResult, records: readonly RequestRecord[]): string | undefined {
  if (validity.verdict === 'invalid') return 'it is invalid';
  if ('ramp' in load && load.ramp !== undefined) return 'its load changed while it lasted';
  const ok = records.filter(({ outcome }) => outcome.kind === 'ok');
  if (ok.some(({ tokenTimesMs }) => tokenTimesMs.length === 0))
    return 'its answers came in one piece, without times of tokens';
  if (ok.some(({ inputTokens }) => inputTokens === undefined)) return 'how many tokens its prompts are is not known';
  const unanswered = 1 - ok.length / records.length;
  if (unanswered > mostUnanswered)
    return `${formatRatio(unanswered)} of its requests were not answered, and what the engine had of them is not known`;
  const measured = ok.filter(({ phase }) => phase === 'measured').length;
  return measured < fewestMeasured
    ? `too few: ${plural(measured, 'measured answer')}, of ${fewestMeasured} that are needed`
    : undefined;
}

function paceOf({ load }: CellResult): ObservedLoad['pace'] {
  return load.kind === 'closed'
    ? { kind: 'closed', slots: load.effectiveConcurrency, thinkTimeMs: load.thinkTimeMs }
    : { kind: 'open' };
}

function observed(record: Answered, id: number, { workloads }: Run['scenario']): ObservedRequest {
  const { dueMs, sentMs, tokenTimesMs, inputTokens, outputTokens, phase } = record;
  const workload = workloads[record.workload];
  const asked = workload?.output?.maxNewTokens;
  return {
    id,
    atMs: sentMs,
    inputTokens,
    images: workload?.kind === 'vlm' ? 1 : 0,
    // Where lengths are drawn, what was asked for is known only of answers that took all of it.
    maxNewTokens: Math.max(outputTokens, typeof asked === 'number' ? asked : 0),
    outputTokens,
    counts: phase === 'measured',
    sendLagMs: sentMs - dueMs,
    firstTokenMs: tokenTimesMs[0] as number,
    lastTokenMs: tokenTimesMs.at(-1) as number,
  };
}
