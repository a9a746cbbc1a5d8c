/** What a gate will cost and what it can see, before it is run: by how noisy earlier runs were. */
import { tQuantile } from '../../stats/student-t.ts';
import { power } from './change.ts';
import { alphas } from './decide.ts';
import { type GatedRun, limitOf, readingIn, riseOf, type Subject } from './subjects.ts';

/** What is known beforehand of one number. */
export interface Foresight {
  readonly subject: Subject;
  /** The deviation of the difference between two runs, as the log of a factor; undefined where earlier runs do not tell. */
  readonly deviation: number | undefined;
  /** The smallest true rise, as the log of a factor, that is called a regression four times in five. */
  readonly detectable: number | undefined;
  /** How many pairs tell each of the wanted rises from none, four times in five; undefined beyond a thousand. */
  readonly pairsFor: readonly (number | undefined)[];
}

/** The most pairs that are thought of. */
const mostPairs = 1000;

/** What can be seen of each number that is a factor, with so many pairs planned; `wanted` are shares by which a number is worse. */
export function foresee(
  subjects: readonly Subject[],
  earlier: readonly GatedRun[],
  planned: number,
  wanted: readonly number[],
): Foresight[] {
  const gating = subjects.filter(({ severity }) => severity === 'critical').length;
  const alpha = alphas.second / Math.max(1, gating);
  return subjects
    .filter(({ kind }) => kind === 'factor')
    .map(subject => {
      const deviation = pairDeviation(earlier, subject);
      if (deviation === undefined)
        return { subject, deviation, detectable: undefined, pairsFor: wanted.map(() => undefined) };
      return {
        subject,
        deviation,
        detectable: Math.max(
          seen(deviation, 2 * planned, alpha),
          limitOf(subject) + (tQuantile(power, 2 * planned - 1) * deviation) / Math.sqrt(2 * planned),
        ),
        pairsFor: wanted.map(share => pairsFor(riseOf(share, subject.better), deviation, alpha)),
      };
    });
}

/** By how much two runs of one service differ: √2 times the deviation of one; undefined with fewer than three. */
function pairDeviation(runs: readonly GatedRun[], subject: Subject): number | undefined {
  const values = runs.map(run => readingIn(run, subject).value);
  if (values.length < 3 || values.some(value => value === null)) return undefined;
  const logs = (values as number[]).map(Math.log);
  const mean = logs.reduce((a, b) => a + b, 0) / logs.length;
  return Math.sqrt((2 * logs.reduce((sum, log) => sum + (log - mean) ** 2, 0)) / (logs.length - 1));
}

/** The rise that so many pairs tell from none. */
function seen(deviation: number, pairs: number, alpha: number): number {
  return ((tQuantile(1 - alpha, pairs - 1) + tQuantile(power, pairs - 1)) * deviation) / Math.sqrt(pairs);
}

function pairsFor(rise: number, deviation: number, alpha: number): number | undefined {
  let [low, high] = [3, mostPairs];
  if (seen(deviation, high, alpha) > rise) return undefined;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (seen(deviation, middle, alpha) <= rise) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** How many requests a side there must be so that not one unanswered shows that there are not that many more of them. */
export function requestsFor(allowance: number): number {
  const z = tQuantile(1 - alphas.first, 1e6);
  return Math.ceil(z * z * (1 / allowance - 1));
}

/** How long a run took at most, of those that there are, in ms of its own clock. */
export function longestMs(runs: readonly GatedRun[]): number | undefined {
  const ends = runs.flatMap(({ cells }) => cells.flatMap(({ windowMs }) => windowMs?.[1] ?? []));
  return ends.length === 0 ? undefined : Math.max(...ends);
}
