/**
 * Whether the generator was what was measured. It speaks of the generator alone: what the service did is a finding,
 * never a reason to doubt the run. Where each limit comes from stands in docs/design/012-limits-of-a-verdict.md.
 */
import type { CellSummary } from '../record/cell-recorder.ts';
import type { GeneratorSummary } from '../record/generator-recorder.ts';
import type { Remark, Validity } from '../record/run.ts';
import type { Load } from '../scenario/expand.ts';
import { formatDuration, formatRatio, plural } from '../units.ts';

/** One thing that may be wrong with a generator: how much of it there was, and from where on it matters. */
interface Figure {
  readonly what: string;
  readonly measured: number;
  readonly suspectAbove: number;
  readonly invalidAbove: number;
  readonly format: (value: number) => string;
  readonly advice: string;
}

/** What a verdict on a cell is made from. */
export interface Judged extends Pick<CellSummary, 'counts' | 'metrics' | 'evidence' | 'generator'> {
  readonly load: Load;
  readonly scheduled?: number;
}

const never = Number.POSITIVE_INFINITY;
/** Others have the core of a generator when it waits for it longer than this share of the time. */
const notAlone = 0.05;

/** The verdict on one cell, from its records and what the generator's own second-by-second samples say. */
export function judgeValidity(cell: Judged): Validity {
  const { generator } = cell;
  const figures = [
    ...lateSends(cell),
    ...unsent(cell),
    ...connectionWaits(cell),
    ...idleSlots(cell),
    ...tokens(cell),
    ...(generator === undefined ? [] : [...eventLoop(generator), ...clocks(generator)]),
  ];
  const reasons = figures.filter(({ measured, suspectAbove }) => measured > suspectAbove);
  const isInvalid = reasons.some(({ measured, invalidAbove }) => measured > invalidAbove);
  return { verdict: isInvalid ? 'invalid' : reasons.length > 0 ? 'suspect' : 'valid', reasons: reasons.map(remarkOf) };
}

/** The verdict on a run: that of its worst cell, each reason once, with its worst figure, and each piece of advice once. */
export function worstValidity(verdicts: readonly Validity[]): Validity {
  for (const verdict of ['invalid', 'suspect'] as const) {
    const such = verdicts.filter(each => each.verdict === verdict);
    if (such.length === 0) continue;
    const worst = new Map<string, Remark>();
    for (const reason of such.flatMap(each => each.reasons)) {
      const key = reason.subject ?? reason.text;
      const known = worst.get(key);
      if (known === undefined || (reason.figure ?? 0) > (known.figure ?? 0)) worst.set(key, reason);
    }
    const cells = `${such.length} of ${verdicts.length} cells are ${verdict}`;
    return { verdict, reasons: [{ text: cells }, ...adviceOnce([...worst.values()])] };
  }
  return { verdict: 'valid', reasons: [] };
}

function adviceOnce(reasons: readonly Remark[]): Remark[] {
  return reasons.map((reason, i) => {
    const { advice, ...bare } = reason;
    return reasons.slice(0, i).some(other => other.advice === advice) ? bare : reason;
  });
}

/** What users wait at the median: a delay matters by the share it makes of that. */
function scaleOf({ metrics }: Judged): number {
  return metrics.ttftMs.p50 ?? metrics.responseTimeMs.p50 ?? 0;
}

/** A send that is late by a tenth of the median TTFT is doubtful, by all of it worthless. */
function lateSends(cell: Judged): Figure[] {
  const { sendLag } = cell.evidence;
  if (sendLag === null) return [];
  return [
    {
      what: `requests were sent late (${sendLag.of})`,
      measured: sendLag.ms,
      suspectAbove: Math.max(5, 0.1 * scaleOf(cell)),
      invalidAbove: Math.max(50, scaleOf(cell)),
      format: formatDuration,
      advice: isCrowded(cell.generator)
        ? crowdedAdvice(cell.generator)
        : 'this program could not keep up: give it a core of its own, or ask for less load',
    },
  ];
}

/** What an open loop had to send in its window and did not: later than late, or never. */
function unsent({ evidence, counts, load, scheduled }: Judged): Figure[] {
  if (load.kind !== 'open' || counts.due === 0) return [];
  const advice = 'this program could not keep up: ask for less load, or share it among more threads';
  const overdue: Figure = {
    what: 'requests that were due had still not been sent when their time was over',
    measured: evidence.overdue / counts.due,
    suspectAbove: 0.01,
    invalidAbove: 0.1,
    format: formatRatio,
    advice,
  };
  if (scheduled === undefined) return [overdue];
  const missing: Figure = {
    what: 'requests of the schedule were neither sent nor counted as dropped',
    measured: Math.abs(scheduled - counts.due),
    suspectAbove: 1, // one that is due at the very end may fall on either side of it
    invalidAbove: Math.max(1, 0.01 * scheduled),
    format: count => plural(count, 'request'),
    advice: 'a part of the generator was lost: look at what the run said when it ended',
  };
  return [overdue, missing];
}

/** Waits that are a part of what was measured though no user has to wait for them; a service may cause them, so they end in doubt. */
function connectionWaits(cell: Judged): Figure[] {
  const { requests, sent, worstMs } = cell.evidence.connectionWaits;
  if (sent === 0 || worstMs <= Math.max(5, 0.1 * scaleOf(cell))) return [];
  return [
    {
      what: 'requests had to wait for a connection to be opened',
      measured: requests / sent,
      suspectAbove: 0.01,
      invalidAbove: never,
      format: ratio => `${formatRatio(ratio)} of them, up to ${formatDuration(worstMs)}`,
      advice: 'the service closes its connections, or more were needed than had been opened: bound what is in flight',
    },
  ];
}

/** By Little's law as many are in flight as slots, less those that pause: what lacks stood idle between due and sent. */
function idleSlots({ evidence, load }: Judged): Figure[] {
  const { slots } = evidence;
  if (slots === null || load.kind !== 'closed') return [];
  const asked = load.effectiveConcurrency;
  const idle = asked - slots.inFlight - slots.thinking - slots.heldBack;
  return [
    {
      what: 'slots stood idle instead of sending',
      measured: idle / asked,
      suspectAbove: 0.05,
      invalidAbove: 0.5,
      format: ratio => `${formatRatio(ratio)} of ${plural(asked, 'slot')}`,
      advice: 'this program took longer than it may to send the next request: ask for less at once',
    },
  ];
}

/** An event is a token: where they differ in some answers and not in all, events were lost or made up here. */
function tokens({ evidence }: Judged): Figure[] {
  const { answers, short, long } = evidence.tokens;
  if (answers === 0) return [];
  return [
    {
      what: 'answers in which fewer or more tokens were counted than the service says it made',
      measured: ((isPacked(evidence.tokens) ? 0 : short) + long) / answers,
      suspectAbove: 0,
      invalidAbove: 0.01,
      format: formatRatio,
      advice: 'tokens were lost or counted twice on the way: compare one answer with tgi-bench probe',
    },
  ];
}

/** Whether the service puts several tokens into an event: then (nearly) all answers have fewer events than tokens. */
export function isPacked({ answers, short }: CellSummary['evidence']['tokens']): boolean {
  return answers > 0 && short >= 0.95 * answers;
}

function isCrowded(generator: GeneratorSummary | undefined): generator is GeneratorSummary {
  return (generator?.coreWaitRatio ?? 0) > notAlone;
}

function crowdedAdvice({ coreWaitRatio = 0 }: GeneratorSummary): string {
  return `others had this program's core for ${formatRatio(coreWaitRatio)} of the time: stop what else runs on this machine`;
}

function eventLoop(generator: GeneratorSummary): Figure[] {
  const { longestStallMs, longestGcMs } = generator;
  const advice = isCrowded(generator)
    ? crowdedAdvice(generator)
    : 'token times are late by as much: stop what else runs on this machine, or ask for less load';
  return [
    {
      what: 'the event loop was late (p99, mean over seconds)',
      measured: generator.loopDelayP99Ms,
      suspectAbove: 20,
      invalidAbove: 100,
      format: formatDuration,
      advice,
    },
    {
      what: 'the event loop stood still for more than 50 ms at a time',
      measured: generator.stalledRatio,
      suspectAbove: 0.01,
      invalidAbove: 0.1,
      format: ratio => `${formatRatio(ratio)} of the time, up to ${formatDuration(longestStallMs)}`,
      advice,
    },
    {
      what: 'this program used its core',
      measured: generator.cpuRatio,
      suspectAbove: 0.8,
      invalidAbove: never,
      format: formatRatio,
      advice: 'a thread has one core: ask for less load, or share it among more threads',
    },
    {
      what: 'collecting garbage took time',
      measured: generator.gcRatio,
      suspectAbove: 0.1,
      invalidAbove: never,
      format: ratio => `${formatRatio(ratio)}, up to ${formatDuration(longestGcMs)} at a time`,
      advice: 'ask for less load, or share it among more threads',
    },
    {
      what: 'tokens the embedded service wrote late, by more than a tenth of their step',
      measured: generator.engineLateRatio ?? 0,
      suspectAbove: 0.01,
      invalidAbove: 0.5,
      format: formatRatio,
      advice: 'the machine is too slow for this many streams at this speed: ask for less load',
    },
  ];
}

function clocks({ clockStepMs, suspendedMs }: GeneratorSummary): Figure[] {
  return [
    {
      what: `the clock of this machine was set ${clockStepMs < 0 ? 'back' : 'forward'}`,
      measured: Math.abs(clockStepMs),
      suspectAbove: 50,
      invalidAbove: never,
      format: formatDuration,
      advice:
        'the times of requests do not go by it, but what was sampled elsewhere may not lie beside them: run again',
    },
    {
      what: 'this machine slept',
      measured: suspendedMs,
      suspectAbove: 50,
      invalidAbove: 500,
      format: formatDuration,
      advice: 'the service went on meanwhile, and its times are too short: keep the machine awake and run again',
    },
  ];
}

function remarkOf({ what, measured, suspectAbove, format, advice }: Figure): Remark {
  const limit = suspectAbove === 0 ? 'where none is good' : `where up to ${formatLimit(suspectAbove, format)} is good`;
  return {
    text: `${what}: ${format(measured)}, ${limit}`,
    subject: what,
    figure: measured,
    limit: suspectAbove,
    advice,
  };
}

/** The limit as the figure, without what the figure says besides. */
function formatLimit(limit: number, format: Figure['format']): string {
  return (format(limit).split(',')[0] as string).replace(/ of .*/, '');
}
