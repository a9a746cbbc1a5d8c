import type { TimeLeft } from '../record/progress.ts';
import type { Cell } from '../scenario/expand.ts';
import { mean } from '../stats/quantile.ts';
import type { LiveCell } from './live-cell.ts';

/** The stages of a run in their order. */
export interface Plan {
  readonly stages: readonly (readonly Cell[])[];
  /** Whether there may be fewer, for what comes depends on what is found. */
  readonly mayBeFewer: boolean;
}

/** A cell that is driven, with what is counted of it. */
export interface Driven {
  readonly cell: Cell;
  readonly live: LiveCell;
}

/** A stage that is over: how long it took in all, and how much of that was not measured. */
interface PastStage {
  readonly cells: readonly Cell[];
  readonly tookMs: number;
  readonly aroundMs: number;
}

/** From so few requests on their pace tells how long the rest will take. */
const fewestForPace = 5;

/**
 * How long a run will go on. A stage takes as long as the same step took before: with the same endpoint in an earlier
 * repetition, else with others that were asked the same. Where there was none it takes what the scenario says of it.
 */
export class StageTimes {
  readonly #plan: Plan;
  readonly #past: PastStage[] = [];
  #current: { readonly driven: readonly Driven[]; readonly beganMs: number } | undefined;

  constructor(plan: Plan) {
    this.#plan = plan;
  }

  /** The next stage begins, and the one before is over. */
  begin(driven: readonly Driven[], atMs: number): void {
    if (this.#current !== undefined) this.#past.push(pastStage(this.#current, atMs));
    this.#current = { driven, beganMs: atMs };
  }

  /** How long the stage in progress and those after it will take; undefined where nothing tells. */
  left(nowMs: number): TimeLeft | undefined {
    if (this.#current === undefined) return undefined;
    const { driven, beganMs } = this.#current;
    const whole = this.#expected(driven.map(({ cell }) => cell));
    const rest = whole && { ...whole, ms: Math.max(0, whole.ms - (nowMs - beganMs)) };
    const { stages, mayBeFewer } = this.#plan;
    const left = total([
      longest(driven.map(each => seen(each, nowMs) ?? rest)),
      ...stages.slice(this.#past.length + 1).map(cells => this.#expected(cells)),
    ]);
    return left && { ...left, isBound: left.isBound || mayBeFewer };
  }

  /** How long a stage will take in all. */
  #expected(cells: readonly Cell[]): TimeLeft | undefined {
    const [first] = cells;
    const alike = this.#past.filter(past => past.cells[0]?.step === first?.step);
    const same = alike.findLast(past => past.cells.every((cell, i) => isSamePairing(cell, cells[i])));
    const others = alike.filter(past => past.cells[0]?.workload === first?.workload);
    const before = same === undefined ? others : [same];
    if (before.length > 0) return { ms: mean(before.map(({ tookMs }) => tookMs)) ?? 0, isBound: false };
    return total([longest(cells.map(planned)), { ms: this.#around(cells), isBound: false }]);
  }

  /** Warm-up, drain and whatever else is not measured: as long as it was before. */
  #around(cells: readonly Cell[]): number {
    if (this.#past.length > 0) return mean(this.#past.map(({ aroundMs }) => aroundMs)) ?? 0;
    return Math.max(...cells.map(({ warmup }) => (typeof warmup === 'number' ? warmup : 0)));
  }
}

/** What is left of a cell by its own pace and its end; undefined where it has shown too little. */
function seen({ cell: { end }, live }: Driven, nowMs: number): TimeLeft | undefined {
  const { openedMs, closedMs, measured } = live;
  if (closedMs !== undefined) return { ms: 0, isBound: false };
  if (openedMs === undefined) return undefined;
  const byTimeMs = openedMs + (end.durationMs ?? Number.POSITIVE_INFINITY) - nowMs;
  if (end.requests === undefined) return { ms: Math.max(0, byTimeMs), isBound: false };
  if (measured < fewestForPace) return undefined;
  const byPaceMs = ((nowMs - openedMs) * (end.requests - measured)) / measured;
  return { ms: Math.max(0, Math.min(byTimeMs, byPaceMs)), isBound: false };
}

/** How long the scenario says that a cell is measured: a closed loop that ends by requests is bounded at best. */
function planned({ end, load }: Cell): TimeLeft | undefined {
  const limitMs = end.durationMs ?? Number.POSITIVE_INFINITY;
  const isByPace = load.kind === 'closed' && end.requests !== undefined;
  const scheduleMs =
    load.kind === 'open' && end.requests !== undefined ? (end.requests * 1000) / load.ratePerS : limitMs;
  const ms = Math.min(limitMs, scheduleMs);
  return Number.isFinite(ms) ? { ms, isBound: isByPace } : undefined;
}

function pastStage({ driven, beganMs }: { driven: readonly Driven[]; beganMs: number }, endedMs: number): PastStage {
  const tookMs = endedMs - beganMs;
  const measuredMs = Math.max(
    0,
    ...driven.map(({ live: { openedMs, closedMs } }) => (closedMs ?? endedMs) - (openedMs ?? closedMs ?? endedMs)),
  );
  return { cells: driven.map(({ cell }) => cell), tookMs, aroundMs: tookMs - measuredMs };
}

function isSamePairing(a: Cell, b: Cell | undefined): boolean {
  return a.target.name === b?.target.name && a.workload === b.workload;
}

/** One after the other. */
function total(parts: readonly (TimeLeft | undefined)[]): TimeLeft | undefined {
  const known = parts.filter(part => part !== undefined);
  if (known.length < parts.length) return undefined;
  return { ms: known.reduce((sum, { ms }) => sum + ms, 0), isBound: known.some(({ isBound }) => isBound) };
}

/** At the same time. */
function longest(parts: readonly (TimeLeft | undefined)[]): TimeLeft | undefined {
  const known = parts.filter(part => part !== undefined);
  return known.length < parts.length ? undefined : known.reduce((a, b) => (b.ms > a.ms ? b : a));
}
