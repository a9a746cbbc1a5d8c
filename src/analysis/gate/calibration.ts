/** What pairs of runs of one and the same service say of a gate: its noise floor, its false alarms, and what it should allow. */
import { seededRandom } from '../../random.ts';
import type { Reading } from '../measure.ts';
import { type Noise, neededAllowance, noiseOf, shareOf } from './allowance.ts';
import { changeOver, differencesOf } from './change.ts';
import { decide } from './decide.ts';
import { limitOf, type Runs, readingIn, type Subject } from './subjects.ts';

export interface Calibration {
  readonly numbers: readonly CalibratedNumber[];
  /** Of gates with the allowances of the policy, and with the proposed ones; undefined where a number has no value in a run. */
  readonly asItIs: GateRates | undefined;
  readonly asProposed: GateRates | undefined;
  /** How many whole gates were drawn from the pairs. */
  readonly gates: number;
}

export interface CalibratedNumber {
  readonly subject: Subject;
  /** Undefined where a run has no value of it. */
  readonly noise: Noise | undefined;
  /** The share to allow, up to the next half per cent; undefined where that would be all of it. */
  readonly proposed: number | undefined;
}

/** Shares of all gates. */
export interface GateRates {
  readonly alarms: number;
  readonly regressed: number;
  readonly passed: number;
}

/** Calibrates the critical numbers of a policy that are factors; `runs` are pairs of the same service, from which so many gates are drawn. */
export function calibrate(subjects: readonly Subject[], runs: Runs, planned: number, gates = 1000): Calibration {
  const gating = subjects.filter(({ kind, severity }) => kind === 'factor' && severity === 'critical');
  const numbers = gating.map(subject => {
    const differences = differencesIn(runs, subject);
    const noise = differences === undefined ? undefined : noiseOf(differences);
    return { subject, differences, noise, proposed: noise && proposal(noise, subject, gating.length, planned) };
  });
  const drawn = (limits: readonly (number | undefined)[]) => {
    const known = numbers.flatMap(({ differences }, i) => {
      const limit = limits[i];
      return differences === undefined || limit === undefined ? [] : [{ differences, limit }];
    });
    return known.length < numbers.length || known.length === 0 ? undefined : rates(known, planned, gates);
  };
  return {
    numbers: numbers.map(({ differences: _, ...number }) => number),
    asItIs: drawn(gating.map(limitOf)),
    asProposed: drawn(
      numbers.map(({ subject, proposed }) =>
        proposed === undefined ? undefined : limitOf({ ...subject, allowance: proposed }),
      ),
    ),
    gates,
  };
}

/** How much worse the second run of each pair is; undefined where a run has no value. */
function differencesIn({ baseline, candidate }: Runs, subject: Subject): number[] | undefined {
  const [ours, theirs] = [baseline, candidate].map(side => side.map(run => readingIn(run, subject))) as [
    Reading[],
    Reading[],
  ];
  const isKnown = [...ours, ...theirs].every(({ value }) => value !== null);
  return isKnown ? differencesOf({ baseline: ours, candidate: theirs }, subject.better) : undefined;
}

function proposal(noise: Noise, { better }: Subject, numbers: number, planned: number): number | undefined {
  const share = Math.ceil(shareOf(neededAllowance(noise, numbers, planned), better) * 200) / 200;
  return share < 1 ? Math.max(share, 0.005) : undefined;
}

/**
 * What becomes of gates of pairs drawn again from those there are, each the right way round or, for both sides are the
 * same service, the other: all numbers of a pair together, for what disturbs one disturbs others.
 */
function rates(
  numbers: readonly { differences: readonly number[]; limit: number }[],
  planned: number,
  gates: number,
): GateRates {
  const random = seededRandom('gate calibration');
  const pairs = numbers[0]?.differences.length ?? 0;
  const limits = numbers.map(({ limit }) => limit);
  const counts = { alarms: 0, regressed: 0, passed: 0 };
  for (let gate = 0; gate < gates; gate++) {
    const drawn = Array.from({ length: 3 * planned }, () => ({
      pair: random.integer(0, pairs - 1),
      sign: random.integer(0, 1) * 2 - 1,
    }));
    const { verdict, confirmation } = decide({ planned, pairs: 3 * planned, limits }, (from, to) =>
      numbers.map(({ differences }) =>
        changeOver(drawn.slice(from, to).map(({ pair, sign }) => sign * (differences[pair] as number))),
      ),
    );
    if (confirmation !== undefined) counts.alarms++;
    if (verdict === 'regressed') counts.regressed++;
    if (verdict === 'passed') counts.passed++;
  }
  return { alarms: counts.alarms / gates, regressed: counts.regressed / gates, passed: counts.passed / gates };
}
