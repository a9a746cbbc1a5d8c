import { build, decodeFromCompressedBase64, encodeIntoCompressedBase64 } from 'hdr-histogram-js';
import { rankOf } from './quantile.ts';

/** One thousandth of the unit is the finest step: microseconds where values are milliseconds. */
const stepsPerUnit = 1000;
/** An hour in milliseconds; whatever is longer counts as this long. */
const highestValue = 3_600_000;

/**
 * Counts of values (milliseconds, or any other unit) to three significant digits and no finer than a thousandth, in
 * memory that does not grow with their number. Two of them add up without loss.
 */
export class Histogram {
  readonly #hdr = build({
    bitBucketSize: 32,
    autoResize: false,
    lowestDiscernibleValue: 1,
    highestTrackableValue: highestValue * stepsPerUnit,
    numberOfSignificantValueDigits: 3,
    useWebAssembly: false,
  });
  #sum = 0;
  #min = Number.POSITIVE_INFINITY;
  #max = Number.NEGATIVE_INFINITY;

  /** What `encode` gave, the empty text for an empty one; mean, smallest and largest are then within 0.1 % as well. Throws an Error on any other text. */
  static decode(text: string): Histogram {
    const histogram = new Histogram();
    if (text === '') return histogram;
    const hdr = decodeFromCompressedBase64(text, 32, false, highestValue * stepsPerUnit);
    histogram.#hdr.add(hdr);
    histogram.#sum = (hdr.mean * hdr.totalCount) / stepsPerUnit;
    histogram.#min = hdr.getValueAtPercentile(0) / stepsPerUnit;
    histogram.#max = hdr.maxValue / stepsPerUnit;
    return histogram;
  }

  /** Counts everything that the other one has counted. */
  add(other: Histogram): void {
    if (other.count === 0) return;
    this.#hdr.add(other.#hdr);
    this.#sum += other.#sum;
    this.#min = Math.min(this.#min, other.#min);
    this.#max = Math.max(this.#max, other.#max);
  }

  /** Counts one value. Throws a RangeError on a negative one or NaN: such a value is a fault of its caller. */
  record(value: number): void {
    if (!(value >= 0)) throw new RangeError(`a histogram holds values of 0 and above, got ${value}`);
    this.#hdr.recordValue(Math.round(Math.min(value, highestValue) * stepsPerUnit));
    this.#sum += value;
    if (value < this.#min) this.#min = value;
    if (value > this.#max) this.#max = value;
  }

  get count(): number {
    return this.#hdr.totalCount;
  }

  get mean(): number | undefined {
    return this.count === 0 ? undefined : this.#sum / this.count;
  }

  get min(): number | undefined {
    return this.count === 0 ? undefined : this.#min;
  }

  get max(): number | undefined {
    return this.count === 0 ? undefined : this.#max;
  }

  /** The value of the given rank, 1 for the smallest; within 0.1 %. Undefined outside 1 … count. */
  atRank(rank: number): number | undefined {
    if (rank < 1 || rank > this.count) return undefined;
    // HDR rounds a share of the count up: half a rank less keeps binary fractions from reaching the next one.
    const value = this.#hdr.getValueAtPercentile(((rank - 0.5) / this.count) * 100) / stepsPerUnit;
    return Math.min(Math.max(value, this.#min), this.#max);
  }

  /** How many values are at most `value`, as far as 0.1 % tells them apart. */
  countUpTo(value: number): number {
    let [low, high] = [0, this.count];
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((this.atRank(middle) as number) <= value) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** The nearest-rank quantile: the smallest value that at least the share q of all values does not exceed. */
  quantile(q: number): number | undefined {
    return this.atRank(Math.max(1, rankOf(q, this.count)));
  }

  /** The compressed HDR form (V2, base64), its unit a thousandth of the values' unit. */
  encode(): string {
    return encodeIntoCompressedBase64(this.#hdr);
  }
}
