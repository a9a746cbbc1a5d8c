/**
 * Whether the generator was what was measured. It speaks of the generator alone: what the service did is a finding,
 * never a reason to doubt the run.
 */
import type { GeneratorSample, Remark, Validity } from '../record/run.ts';
import type { Summary } from '../record/summary.ts';
import type { Load } from '../scenario/expand.ts';
import { formatDuration, formatRatio } from '../units.ts';

interface Figure {
  readonly what: string;
  readonly measured: number;
  readonly suspectAbove: number;
  readonly invalidAbove: number;
  readonly format: (value: number) => string;
  readonly advice: string;
}

/** The verdict on one cell, from its records and what the generator's own second-by-second samples say. */
export function judgeValidity(summary: Summary, samples: readonly GeneratorSample[], load?: Load): Validity {
  const figures = [...(placesOf(load) === undefined ? sendLag(summary) : []), ...generator(samples)];
  const reasons = figures.filter(({ measured, suspectAbove }) => measured > suspectAbove);
  const isInvalid = reasons.some(({ measured, invalidAbove }) => measured > invalidAbove);
  return { verdict: isInvalid ? 'invalid' : reasons.length > 0 ? 'suspect' : 'valid', reasons: reasons.map(remarkOf) };
}

/** The verdict on a run: that of its worst cell. */
export function worstValidity(verdicts: readonly Validity[]): Validity {
  for (const verdict of ['invalid', 'suspect'] as const) {
    const such = verdicts.filter(each => each.verdict === verdict);
    const texts = new Map(such.flatMap(each => each.reasons).map(reason => [reason.advice ?? reason.text, reason]));
    if (such.length > 0)
      return {
        verdict,
        reasons: [{ text: `${such.length} of ${verdicts.length} cells are ${verdict}` }, ...texts.values()],
      };
  }
  return { verdict: 'valid', reasons: [] };
}

/** How many may be in flight of a load that has the others wait: there a late send is what was asked for. */
function placesOf(load: Load | undefined): number | undefined {
  return load?.kind === 'open' && load.whenFull === 'queue' ? load.effectiveMaxInFlight : undefined;
}

/** A late send matters by the share it makes of what is measured: 10 % of the median TTFT is doubtful, all of it is worthless. */
function sendLag({ metrics }: Summary): Figure[] {
  const lag = metrics.sendLagMs;
  const [statistic, measured] = (['p99', 'p95', 'p90', 'max'] as const)
    .map(key => [key, lag[key]] as const)
    .find(([, value]) => value !== null) ?? ['max', null];
  if (measured === null) return [];
  const scale = metrics.ttftMs.p50 ?? metrics.responseTimeMs.p50 ?? 0;
  return [
    {
      what: `requests were sent late (${statistic})`,
      measured,
      suspectAbove: Math.max(5, 0.1 * scale),
      invalidAbove: Math.max(50, scale),
      format: formatDuration,
      advice: 'this program could not keep up: give it a core of its own, or ask for less load',
    },
  ];
}

function generator(samples: readonly GeneratorSample[]): Figure[] {
  if (samples.length === 0) return [];
  const meanOf = (values: readonly number[]) =>
    values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
  const mean = (of: (sample: GeneratorSample) => number) => meanOf(samples.map(of));
  return [
    {
      what: 'the event loop was late (p99, mean over seconds)',
      measured: mean(sample => sample.loopDelayMs.p99),
      suspectAbove: 20,
      invalidAbove: 100,
      format: formatDuration,
      advice: 'token times are late by as much: stop what else runs on this machine, or ask for less load',
    },
    {
      what: 'this program used its core',
      measured: mean(sample => sample.cpuRatio),
      suspectAbove: 0.85,
      invalidAbove: Number.POSITIVE_INFINITY,
      format: formatRatio,
      advice: 'one core is all it has: ask for less load',
    },
    {
      what: 'tokens the embedded service wrote late, by more than a tenth of their step',
      measured: meanOf(samples.flatMap(sample => sample.engineLateRatio ?? [])),
      suspectAbove: 0.01,
      invalidAbove: 0.5,
      format: formatRatio,
      advice: 'the machine is too slow for this many streams at this speed: ask for less load',
    },
  ];
}

function remarkOf({ what, measured, suspectAbove, format, advice }: Figure): Remark {
  return { text: `${what}: ${format(measured)}, where up to ${format(suspectAbove)} is good`, subject: what, advice };
}

/** What was noticed about the service and the sample: not a fault of the run. */
export function findings(summary: Summary, load: Load, stopRule?: string): Remark[] {
  const found: Remark[] = [];
  const { counts, rates } = summary;
  if (summary.windowMs === null) found.push({ text: 'nothing was measured: the run ended during the warm-up' });
  if (stopRule !== undefined) found.push({ text: `stopIf ended this step early: ${stopRule}` });
  if (counts.due > 0 && counts.ok === 0) found.push({ text: 'no request succeeded' });
  if (load.kind === 'closed' && load.effectiveConcurrency < load.concurrency) {
    found.push({
      text: `asked for ${load.concurrency} at once and driven with ${load.effectiveConcurrency}: the model's limit`,
      advice: 'raise limits.concurrentPerModel with exceed: true',
    });
  }
  const waitedMs = summary.metrics.sendLagMs.max;
  if (placesOf(load) !== undefined && waitedMs !== null && waitedMs > 1) {
    found.push({
      text: `requests waited up to ${formatDuration(waitedMs)} for one of ${placesOf(load)} places in flight; they are charged for it`,
    });
  }
  for (const [ratio, name] of [
    [rates.rateLimitedRatio, 'limited by the gateway (429)'],
    [rates.overloadedRatio, "refused by the model server's own limit (429)"],
    [rates.forbiddenRatio, 'forbidden (403)'],
    [rates.errorRatio, 'not answered well'],
    [rates.droppedRatio, 'never sent, for too many were in flight'],
  ] as const) {
    if (ratio !== null && ratio > 0.01) found.push({ text: `${formatRatio(ratio)} of the requests were ${name}` });
  }
  return found;
}
