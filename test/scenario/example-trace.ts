import { arrivals } from '../../src/arrival/arrivals.ts';
import { seededRandom } from '../../src/random.ts';

const seconds = 60;

/** Clustered arrivals and skewed lengths, all made up: what `scenarios/traces/example.jsonl` holds. */
export function exampleTrace(): string {
  const lines: string[] = [];
  let firstMs: number | undefined;
  for (const { dueMs } of arrivals({ arrivals: 'gamma', cv: 2, ratePerS: 2.5 }, 'example trace')) {
    firstMs ??= dueMs;
    if (dueMs - firstMs >= seconds * 1000) break;
    const random = seededRandom('example trace', lines.length);
    const length = (median: number, most: number) =>
      Math.min(most, Math.max(4, Math.round(random.logNormal(Math.log(median), 0.8))));
    lines.push(
      JSON.stringify({
        dueMs: Math.round(dueMs - firstMs),
        inputTokens: length(250, 2000),
        outputTokens: length(40, 200),
      }),
    );
  }
  return `${lines.join('\n')}\n`;
}
