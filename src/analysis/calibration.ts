import type { Calibration, Rung } from '../record/calibration.ts';
import type { Remark } from '../record/run.ts';
import type { Cell } from '../scenario/expand.ts';
import type { Scenario } from '../scenario/resolve.ts';
import type { Workload } from '../scenario/workload.ts';
import { formatDuration, formatNumber, formatRatio } from '../units.ts';

/** The p99 error up to which token times are taken for true. */
export const trueWithinMs = 1;

/** The share of what was asked for that must have come, or the target was what was measured. */
const cameAtLeast = 0.9;

export function isTrue({ errorMs, cameRatio }: Rung): boolean {
  return errorMs.p99 < trueWithinMs && cameRatio >= cameAtLeast;
}

/** The largest load of a pace up to which all that were tried are true; null where the smallest is not. */
export function largestTrue(rungs: readonly Rung[], pace: Rung['pace']): Rung | null {
  const inOrder = rungs.filter(rung => rung.pace === pace).sort((a, b) => a.streams - b.streams);
  const firstUntrue = inOrder.find(rung => !inOrder.some(other => other.streams === rung.streams && isTrue(other)));
  return (
    inOrder.filter(rung => isTrue(rung) && rung.streams < (firstUntrue?.streams ?? Number.POSITIVE_INFINITY)).at(-1) ??
    null
  );
}

/** How far two measurements of the same may lie apart, larger over smaller, before they are doubted. */
const steady = { cost: 1.25, error: 2.5 };
/** The share of a core that others may have used. */
const quietRatio = 0.2;

/** Why the figures may be wrong: the same load measured twice, and what else ran meanwhile, in cores. */
export function disturbances(first: Rung, again: Rung, othersRatio: number | undefined): string[] {
  const costs = [first, again].map(rung => 1e6 / rung.eventsPerCpuS);
  const errors = [first, again].map(rung => rung.errorMs.p99);
  const found: string[] = [];
  if (apart(costs) > steady.cost)
    found.push(`the same load cost ${costs.map(us => us.toFixed(1)).join(' and ')} µs of CPU an event, measured twice`);
  if (apart(errors) > steady.error && Math.max(...errors) > trueWithinMs / 2)
    found.push(`at the same load the p99 error was ${errors.map(formatDuration).join(' and ')}, measured twice`);
  if (othersRatio !== undefined && othersRatio > quietRatio)
    found.push(`other programs used ${formatRatio(othersRatio)} of a core meanwhile`);
  return found;
}

function apart(values: readonly number[]): number {
  return Math.max(...values) / Math.min(...values);
}

/** What a stream is taken to send where nothing is known of it. */
const usualTokensPerS = 50;

/** What is said before a run that asks for more than this machine was found able to give with so many threads. */
export function beyondCalibration(
  scenario: Scenario,
  cells: readonly Cell[],
  calibration: Pick<Calibration, 'largest' | 'eventsPerCpuS' | 'requestsPerS' | 'disturbed'>,
  threads: number,
): Remark[] {
  const asked = [...new Set(cells.map(({ stage }) => stage))].map(stage =>
    demandOf(
      scenario,
      cells.filter(cell => cell.stage === stage),
    ),
  );
  const eventsPerS = Math.max(...asked.map(demand => demand.eventsPerS));
  const requestsPerS = Math.max(...asked.map(demand => demand.requestsPerS));
  const { staggered } = calibration.largest;
  const trueEventsPerS = (staggered === null ? 0 : staggered.streams * staggered.tokensPerS) * threads;
  const mostEventsPerS = calibration.eventsPerCpuS * threads;
  const advice =
    calibration.disturbed.length === 0
      ? 'use more --threads where there are cores, or ask for less load'
      : 'it was disturbed when it was calibrated: tgi-bench calibrate measures anew';
  const remarks: Remark[] = [];
  const events = `about ${formatNumber(eventsPerS)} token events a second may come at once`;
  if (eventsPerS > mostEventsPerS)
    remarks.push({ text: `${events}; this machine was found to take in ${formatNumber(mostEventsPerS)}`, advice });
  else if (eventsPerS > trueEventsPerS)
    remarks.push({
      text: `${events}; this machine was found to stamp them to a millisecond up to ${formatNumber(trueEventsPerS)}`,
      advice,
    });
  if (requestsPerS > calibration.requestsPerS * threads)
    remarks.push({
      text: `${formatNumber(requestsPerS)} requests a second are asked for; this machine was found to send ${formatNumber(calibration.requestsPerS * threads)}`,
      advice,
    });
  return remarks;
}

/** What the cells of a stage ask for together, at most. */
function demandOf(scenario: Scenario, cells: readonly Cell[]): { eventsPerS: number; requestsPerS: number } {
  let eventsPerS = 0;
  let requestsPerS = 0;
  for (const { load, target, workload } of cells) {
    const workloads = (target.mix === undefined ? [workload] : target.workloads).flatMap(
      name => scenario.workloads[name] ?? [],
    );
    const streamed = workloads.filter(({ stream }) => stream);
    if (load.kind === 'closed') {
      if (streamed.length > 0) eventsPerS += load.effectiveConcurrency * usualTokensPerS;
      continue;
    }
    const ratePerS = mostPerS(load);
    requestsPerS += ratePerS;
    eventsPerS += ratePerS * Math.max(0, ...streamed.map(mostTokens));
  }
  return { eventsPerS, requestsPerS };
}

/** The longest answer that is asked for; 0 where that is not known. */
function mostTokens({ output }: Workload): number {
  const asked = output?.maxNewTokens ?? 0;
  return typeof asked === 'number' ? asked : asked.max;
}

function mostPerS(load: Extract<Cell['load'], { kind: 'open' }>): number {
  return 'ramp' in load && load.ramp !== undefined ? Math.max(load.ramp.fromPerS, load.ramp.toPerS) : load.ratePerS;
}
