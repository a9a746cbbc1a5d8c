/** What was noticed about the service and the sample: each with its evidence, and never a fault of the run. */
import { metrics } from '../record/metrics.ts';
import type { CellResult, Remark } from '../record/run.ts';
import type { Silence } from '../record/silences.ts';
import type { Load } from '../scenario/expand.ts';
import { smallestSample } from '../stats/quantile.ts';
import { formatDuration, formatNumber, formatRatio, plural } from '../units.ts';
import { drifts } from './drift.ts';
import { isPacked } from './validity.ts';

type Found = Pick<CellResult, 'windowMs' | 'counts' | 'rates' | 'metrics' | 'evidence' | 'load' | 'stopRule'>;

/** From which share of requests on a refusal or a failure is worth a word. */
const worthAWord = 0.01;
/** A silence is one when it is this many times as long as the usual gap between tokens. */
const gapsASilence = 10;

/** What is to be said of one cell. */
export function findings(cell: Found): Remark[] {
  return [
    ...progress(cell),
    ...limits(cell),
    ...silences(cell),
    ...drift(cell),
    ...shares(cell),
    ...packing(cell),
    ...heldBack(cell),
    ...fewAnswers(cell),
  ];
}

function progress({ windowMs, counts, stopRule }: Found): Remark[] {
  return [
    ...(windowMs === null ? [{ text: 'nothing was measured: the run ended during the warm-up' }] : []),
    ...(stopRule === undefined ? [] : [{ text: `stopIf ended this step early: ${stopRule}` }]),
    ...(counts.due > 0 && counts.ok === 0 ? [{ text: 'no request succeeded' }] : []),
  ];
}

function limits({ load, evidence: { placeWaitMs } }: Found): Remark[] {
  const found: Remark[] = [];
  if (load.kind === 'closed' && load.effectiveConcurrency < load.concurrency) {
    found.push({
      text: `asked for ${load.concurrency} at once and driven with ${load.effectiveConcurrency}: the model's limit`,
      advice: 'raise limits.concurrentPerModel with exceed: true',
    });
  }
  const places = placesOf(load);
  if (places !== undefined && placeWaitMs !== undefined) {
    found.push({
      text: `requests waited up to ${formatDuration(placeWaitMs)} for one of ${places} places in flight; they are charged for it`,
    });
  }
  return found;
}

/** Once with the longest, however many there were. */
function silences({ evidence, metrics: { itlMs }, windowMs }: Found): Remark[] {
  const found = evidence.silences.filter(({ lastedMs }) => lastedMs >= gapsASilence * (itlMs.p50 ?? itlMs.mean ?? 0));
  const longest = found.reduce<Silence | undefined>(
    (worst, silence) => (worst === undefined || silence.lastedMs > worst.lastedMs ? silence : worst),
    undefined,
  );
  if (longest === undefined || windowMs === null) return [];
  const when = `${formatDuration(longest.fromMs)} into the run`;
  const often = found.length === 1 ? '' : `, and ${plural(found.length - 1, 'shorter time')} besides`;
  const text = `all streams were silent in the middle of answers for ${formatDuration(longest.lastedMs)}, ${when}${often}`;
  return [{ text, subject: 'all streams were silent in the middle of answers', figure: longest.lastedMs }];
}

/** Only where the load was the same from beginning to end. */
function drift({ evidence, load, windowMs }: Found): Remark[] {
  const isSteady =
    load.kind === 'closed' ? load.ramp === undefined : load.arrivals !== 'trace' && load.ramp === undefined;
  if (evidence.course === null || windowMs === null || !isSteady) return [];
  return drifts(evidence.course, windowMs[1] - windowMs[0]).map(({ metric: name, thirds }) => {
    const symbol = metrics.find(metric => metric.name === name)?.symbol ?? name;
    const verb = thirds[2] > thirds[0] ? 'rose' : 'fell';
    const change = formatRatio(Math.abs(thirds[2] / thirds[0] - 1));
    const means = thirds.map(formatNumber).join(', ');
    const text = `${symbol} ${verb} by ${change} while it was measured, by more than noise: ${means} ms over the thirds of the window`;
    return { text, subject: `${symbol} ${verb} while it was measured`, figure: thirds[2] / thirds[0] - 1 };
  });
}

function shares({ rates }: Found): Remark[] {
  const named = [
    [rates.rateLimitedRatio, 'limited by the gateway (429)'],
    [rates.overloadedRatio, "refused by the model server's own limit (429)"],
    [rates.forbiddenRatio, 'forbidden (403)'],
    [rates.errorRatio, 'not answered well'],
    [rates.droppedRatio, 'never sent, for too many were in flight'],
  ] as const;
  return named.flatMap(([ratio, name]) =>
    ratio !== null && ratio > worthAWord ? [{ text: `${formatRatio(ratio)} of the requests were ${name}` }] : [],
  );
}

function packing({ evidence: { tokens } }: Found): Remark[] {
  if (!isPacked(tokens)) return [];
  const each = formatNumber(tokens.tokens / tokens.events);
  return [{ text: `the service puts ${each} tokens into an event, on average: gaps are between events` }];
}

/** A closed loop whose slots wait after refusals asks for less than its number says. */
function heldBack({ evidence: { slots }, load }: Found): Remark[] {
  if (slots === null || load.kind !== 'closed' || slots.heldBack <= 0.05 * load.effectiveConcurrency) return [];
  const text = `${formatNumber(slots.heldBack)} of ${plural(load.effectiveConcurrency, 'slot')} waited after refusals, on average, and ${formatNumber(slots.inFlight)} were in flight`;
  return [{ text }];
}

function fewAnswers({ counts }: Found): Remark[] {
  const needed = smallestSample(0.9);
  return counts.ok === 0 || counts.ok >= needed
    ? []
    : [{ text: `fewer than ${needed} answers: too few for any quantile above the median` }];
}

/** How many may be in flight of a load that has the others wait. */
function placesOf(load: Load): number | undefined {
  return load.kind === 'open' && load.whenFull === 'queue' ? load.effectiveMaxInFlight : undefined;
}
