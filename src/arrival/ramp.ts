import type { RateRamp } from '../scenario/load.ts';

/** A stretch of time over which the rate goes in a straight line. */
interface Stretch {
  readonly fromPerS: number;
  readonly toPerS: number;
  readonly lengthS: number;
}

/**
 * When a ramp has brought a count of requests, in ms: where the integral of its rate reaches it. On a straight line of
 * slope c from rate a that is at + ct²/2 = n, so t = 2n / (a + √(a² + 2cn)), which is n / a where c is 0. After its end
 * a ramp keeps its last rate.
 */
export function rampTime(ramp: RateRamp): (count: number) => number {
  const stretches = stretchesOf(ramp);
  return count => {
    let beganS = 0;
    let left = count;
    for (const { fromPerS, toPerS, lengthS } of stretches) {
      const requests = ((fromPerS + toPerS) / 2) * lengthS;
      if (left < requests) {
        const slope = (toPerS - fromPerS) / lengthS;
        return 1000 * (beganS + (2 * left) / (fromPerS + Math.sqrt(fromPerS ** 2 + 2 * slope * left)));
      }
      left -= requests;
      beganS += lengthS;
    }
    return 1000 * (beganS + left / ramp.toPerS);
  };
}

function stretchesOf({ fromPerS, toPerS, durationMs, steps }: RateRamp): Stretch[] {
  const durationS = durationMs / 1000;
  if (steps === undefined) return [{ fromPerS, toPerS, lengthS: durationS }];
  return Array.from({ length: steps }, (_, step) => {
    const ratePerS = fromPerS + ((toPerS - fromPerS) * step) / (steps - 1);
    return { fromPerS: ratePerS, toPerS: ratePerS, lengthS: durationS / steps };
  });
}
