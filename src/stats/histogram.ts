import {
  build,
  decodeFromCompressedBase64,
  encodeIntoCompressedBase64,
  JsHistogram,
  type Histogram as LibraryHistogram,
} from 'hdr-histogram-js';
import { rankOf } from './quantile.ts';

/** One thousandth of the unit is the finest step: microseconds where values are milliseconds. */
const stepsPerUnit = 1000;
/** An hour in milliseconds; whatever is longer counts as this long. */
const highestValue = 3_600_000;
/** HDR's buckets for three significant digits: up to 2,047 steps each has its own, above each power of two has 1,024. */
const halfBucket = 1024;

/**
 * Counts of values (milliseconds, or any other unit) to three significant digits and no finer than a thousandth, in
 * memory that grows with the largest value and not with their number. Two of them add up without loss. It counts
 * itself, because a value then costs a seventh of what it costs in the library, whose buckets these are and whose form
 * it leaves in.
 */
export class Histogram {
  #counts = new Float64Array(halfBucket);
  #count = 0;
  #sum = 0;
  #min = Number.POSITIVE_INFINITY;
  #max = Number.NEGATIVE_INFINITY;

  /** What `encode` gave, the empty text for an empty one; mean, smallest and largest are then within 0.1 % as well. Throws an Error on any other text. */
  static decode(text: string): Histogram {
    const histogram = new Histogram();
    if (text === '') return histogram;
    const hdr = emptyHdr(0);
    hdr.add(plain(decodeFromCompressedBase64(text, 32, false, highestValue * stepsPerUnit)));
    histogram.#reserve(indexOf(hdr.maxValue));
    for (let index = 0; index < histogram.#counts.length; index++)
      histogram.#counts[index] = hdr.getCountAtIndex(index);
    histogram.#count = hdr.totalCount;
    histogram.#sum = (hdr.mean * hdr.totalCount) / stepsPerUnit;
    histogram.#min = hdr.getValueAtPercentile(0) / stepsPerUnit;
    histogram.#max = hdr.maxValue / stepsPerUnit;
    return histogram;
  }

  /** Counts everything that the other one has counted. */
  add(other: Histogram): void {
    this.#reserve(other.#counts.length - 1);
    other.#counts.forEach((count, index) => {
      this.#counts[index] = (this.#counts[index] as number) + count;
    });
    this.#count += other.#count;
    this.#sum += other.#sum;
    this.#min = Math.min(this.#min, other.#min);
    this.#max = Math.max(this.#max, other.#max);
  }

  /** Counts one value. Throws a RangeError on a negative one or NaN: such a value is a fault of its caller. */
  record(value: number): void {
    if (!(value >= 0)) throw new RangeError(`a histogram holds values of 0 and above, got ${value}`);
    const index = indexOf(Math.round(Math.min(value, highestValue) * stepsPerUnit));
    if (index >= this.#counts.length) this.#reserve(index);
    this.#counts[index] = (this.#counts[index] as number) + 1;
    this.#count++;
    this.#sum += value;
    if (value < this.#min) this.#min = value;
    if (value > this.#max) this.#max = value;
  }

  get count(): number {
    return this.#count;
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
    let index = 0;
    for (let below = this.#counts[0] as number; below < rank; below += this.#counts[index] as number) index++;
    return this.#valueOf(index);
  }

  /** How many values are at most `value`, as far as 0.1 % tells them apart. */
  countUpTo(value: number): number {
    if (value < this.#min) return 0;
    let counted = 0;
    for (let index = 0; index < this.#counts.length && this.#valueOf(index) <= value; index++)
      counted += this.#counts[index] as number;
    return counted;
  }

  /** Every value that was counted and how often, the smallest first; within 0.1 %. */
  *values(): Generator<readonly [value: number, count: number]> {
    for (let index = 0; index < this.#counts.length; index++) {
      const count = this.#counts[index] as number;
      if (count > 0) yield [this.#valueOf(index), count];
    }
  }

  /** The nearest-rank quantile: the smallest value that at least the share q of all values does not exceed. */
  quantile(q: number): number | undefined {
    return this.atRank(Math.max(1, rankOf(q, this.count)));
  }

  /** The compressed HDR form (V2, base64), its unit a thousandth of the values' unit. */
  encode(): string {
    const hdr = emptyHdr(this.#count);
    this.#counts.forEach((count, index) => {
      if (count > 0) hdr.recordValueWithCount(lastStepOf(index), count);
    });
    return encodeIntoCompressedBase64(hdr);
  }

  /** What stands for the values of a bucket: its last step, but nothing that was not there. */
  #valueOf(index: number): number {
    return Math.min(Math.max(lastStepOf(index) / stepsPerUnit, this.#min), this.#max);
  }

  /** Makes room for a bucket. */
  #reserve(index: number): void {
    if (index < this.#counts.length) return;
    const counts = new Float64Array((Math.floor(index / halfBucket) + 1) * halfBucket);
    counts.set(this.#counts);
    this.#counts = counts;
  }
}

/** An empty histogram of the library, for so many values. */
function emptyHdr(count: number): JsHistogram {
  return plain(
    build({
      bitBucketSize: count < 2 ** 31 ? 32 : 64,
      autoResize: false,
      lowestDiscernibleValue: 1,
      highestTrackableValue: highestValue * stepsPerUnit,
      numberOfSignificantValueDigits: 3,
      useWebAssembly: false,
    }),
  );
}

/** One that is no WebAssembly, as all that are asked for here are: its counts can be read. */
function plain(hdr: LibraryHistogram): JsHistogram {
  if (hdr instanceof JsHistogram) return hdr;
  throw new TypeError('expected a histogram of JavaScript, got another kind');
}

/** In which bucket so many steps are counted. */
function indexOf(steps: number): number {
  const doublings = Math.max(0, 21 - Math.clz32(steps));
  return doublings * halfBucket + (steps >>> doublings);
}

/** The most steps that are counted in a bucket. */
function lastStepOf(index: number): number {
  const doublings = Math.max(0, Math.floor(index / halfBucket) - 1);
  return (index - doublings * halfBucket + 1) * 2 ** doublings - 1;
}
