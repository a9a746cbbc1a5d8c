/** A counter or histogram page in Prometheus' text form, as TGI's recorder writes it: what was never used is not there. */

/** Counts of values in buckets with upper bounds, their sum and their number. */
export class BucketCounts {
  readonly #bounds: readonly number[];
  readonly #counts: number[];
  #sum = 0;
  #count = 0;

  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.#counts = bounds.map(() => 0);
  }

  record(value: number): void {
    this.#sum += value;
    this.#count++;
    const bucket = this.#bounds.findIndex(bound => value <= bound);
    if (bucket !== -1) this.#counts[bucket] = (this.#counts[bucket] as number) + 1;
  }

  /** Its lines under `name`, cumulative as the form wants; none before the first value. */
  lines(name: string): string[] {
    if (this.#count === 0) return [];
    let below = 0;
    const buckets = this.#bounds.map((bound, at) => {
      below += this.#counts[at] as number;
      return `${name}_bucket{le="${bound}"} ${below}`;
    });
    const infinite = `${name}_bucket{le="+Inf"} ${this.#count}`;
    return [
      `# TYPE ${name} histogram`,
      ...buckets,
      infinite,
      `${name}_sum ${this.#sum}`,
      `${name}_count ${this.#count}`,
      '',
    ];
  }
}

/** A counter's or gauge's lines: one for each of its label sets, `''` for none; only those above zero, as they come to exist by being used. */
export function sampleLines(
  kind: 'counter' | 'gauge',
  name: string,
  values: Readonly<Record<string, number>>,
): string[] {
  const used = Object.entries(values).filter(([, value]) => kind === 'gauge' || value > 0);
  if (used.length === 0) return [];
  return [
    `# TYPE ${name} ${kind}`,
    ...used.map(([labels, value]) => `${name}${labels === '' ? '' : `{${labels}}`} ${value}`),
    '',
  ];
}

/** TGI's buckets of durations in seconds: 35 of them, each half as wide again as the last. */
export const durationBounds: readonly number[] = Array.from({ length: 35 }, (_, at) => 0.0001 * 1.5 ** (at + 1));

/** TGI's buckets of lengths: a hundred up to the greatest. */
export function lengthBounds(greatest: number): readonly number[] {
  return Array.from({ length: 100 }, (_, at) => (greatest / 100) * (at + 1));
}
