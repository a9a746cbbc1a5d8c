import { build, decodeFromCompressedBase64, encodeIntoCompressedBase64 } from 'hdr-histogram-js';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/random.ts';
import { Histogram } from '../../src/stats/histogram.ts';
import { rankOf } from '../../src/stats/quantile.ts';

function histogramOf(values: Iterable<number>): Histogram {
  const histogram = new Histogram();
  for (const value of values) histogram.record(value);
  return histogram;
}

describe('a histogram', () => {
  it('has nothing to say while it is empty: missing is undefined, never 0', () => {
    const empty = new Histogram();
    expect(empty.count).toBe(0);
    for (const value of [empty.mean, empty.min, empty.max, empty.atRank(1), empty.quantile(0.5)]) {
      expect(value).toBeUndefined();
    }
  });

  it('knows count, mean, smallest and largest exactly', () => {
    const histogram = histogramOf([1.2345, 20_000.5, 7]);
    expect(histogram.count).toBe(3);
    expect(histogram.mean).toBeCloseTo((1.2345 + 20_000.5 + 7) / 3, 9);
    expect(histogram.min).toBe(1.2345);
    expect(histogram.max).toBe(20_000.5);
  });

  it('gives the value of every rank, none skipped and none twice', () => {
    // Thousandths up to 2 lie in a bucket each, so that every value is exact.
    for (const n of [1, 2, 3, 5, 7, 29, 59, 100, 299, 1000]) {
      const histogram = histogramOf(Array.from({ length: n }, (_, i) => (i + 1) / 1000));
      const ranks = Array.from({ length: n }, (_, i) => i + 1);
      expect(ranks.map(rank => Math.round((histogram.atRank(rank) ?? Number.NaN) * 1000))).toEqual(ranks);
    }
  });

  it('has no value outside its ranks', () => {
    const histogram = histogramOf([1, 2, 3]);
    expect(histogram.atRank(0)).toBeUndefined();
    expect(histogram.atRank(4)).toBeUndefined();
  });

  it('keeps three digits over the whole range, from a thousandth to an hour', () => {
    const random = seededRandom('histogram');
    const values = Array.from({ length: 3000 }, () => Math.exp(random.uniform() * Math.log(3.6e6)));
    const histogram = histogramOf(values);
    const sorted = values.toSorted((a, b) => a - b);
    for (const q of [0.001, 0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 1]) {
      const exact = sorted[rankOf(q, values.length) - 1] ?? Number.NaN;
      const measured = histogram.quantile(q) ?? Number.NaN;
      expect(Math.abs(measured - exact)).toBeLessThanOrEqual(0.001 * exact + 0.0005);
    }
  });

  it('never gives a quantile outside its smallest and largest value', () => {
    const histogram = histogramOf([10_001.3, 10_001.7, 10_002.1]);
    for (const q of [0, 0.5, 1]) {
      expect(histogram.quantile(q)).toBeGreaterThanOrEqual(10_001.3);
      expect(histogram.quantile(q)).toBeLessThanOrEqual(10_002.1);
    }
  });

  it('takes zero', () => {
    const histogram = histogramOf([0, 0, 5]);
    expect(histogram.quantile(0.5)).toBe(0);
    expect(histogram.min).toBe(0);
  });

  it('throws on a negative value and on NaN, and counts neither', () => {
    const histogram = histogramOf([1]);
    for (const value of [-1, -1e-9, Number.NaN]) expect(() => histogram.record(value)).toThrow(RangeError);
    expect(histogram.count).toBe(1);
    expect(histogram.mean).toBe(1);
  });

  it('counts what is longer than an hour as an hour, and keeps the largest', () => {
    const histogram = histogramOf([...new Array<number>(99).fill(1), 1e9]);
    expect(histogram.count).toBe(100);
    expect(histogram.max).toBe(1e9);
    expect(histogram.quantile(0.99)).toBeCloseTo(1, 2);
    expect(histogram.quantile(1)).toBeGreaterThanOrEqual(3.6e6 * 0.999);
  });

  it('is to every rank and byte what the library makes of the same values', () => {
    const random = seededRandom('library');
    for (const highest of [1.5, 60, 3.6e6]) {
      const values = Array.from({ length: 700 }, () => random.uniform() ** 3 * highest);
      const histogram = histogramOf(values);
      const library = build({ lowestDiscernibleValue: 1, highestTrackableValue: 3.6e9 });
      for (const value of values) library.recordValue(Math.round(value * 1000));
      for (let rank = 1; rank <= values.length; rank++) {
        const theirs = library.getValueAtPercentile(((rank - 0.5) / values.length) * 100) / 1000;
        expect(histogram.atRank(rank)).toBe(Math.min(Math.max(theirs, Math.min(...values)), Math.max(...values)));
      }
      expect(histogram.encode()).toBe(encodeIntoCompressedBase64(library));
    }
  });

  it('leaves as HDR V2, base64, in thousandths, so that two can be added up without loss', () => {
    const random = seededRandom('merge');
    const values = Array.from({ length: 500 }, () => random.exponential(0.01));
    const decode = (histogram: Histogram) => decodeFromCompressedBase64(histogram.encode(), 32, false);
    const sum = decode(histogramOf(values.slice(0, 200)));
    sum.add(decode(histogramOf(values.slice(200))));
    const whole = decode(histogramOf(values));
    expect(sum.totalCount).toBe(500);
    for (const percent of [1, 10, 50, 90, 99, 99.9]) {
      expect(sum.getValueAtPercentile(percent)).toBe(whole.getValueAtPercentile(percent));
    }
    const one = decode(histogramOf([1.5]));
    expect(one.getValueAtPercentile(100)).toBe(1500);
  });

  it('comes back from its text, and is added to another without loss', () => {
    const random = seededRandom('decode');
    const values = [0, ...Array.from({ length: 500 }, () => random.exponential(0.01))];
    const whole = histogramOf(values);
    const sum = Histogram.decode(histogramOf(values.slice(0, 200)).encode());
    sum.add(Histogram.decode(histogramOf(values.slice(200)).encode()));
    sum.add(Histogram.decode(''));
    expect(sum.count).toBe(whole.count);
    for (const q of [0, 0.1, 0.5, 0.9, 0.99]) expect(sum.quantile(q)).toBe(whole.quantile(q));
    expect((sum.quantile(1) ?? 0) / (whole.quantile(1) ?? 1)).toBeCloseTo(1, 2);
    expect(sum.encode()).toBe(whole.encode());
    expect((sum.mean ?? 0) / (whole.mean ?? 1)).toBeCloseTo(1, 2);
    expect(() => Histogram.decode('nonsense')).toThrow(Error);
  });

  it('counts the values up to a bound', () => {
    const histogram = histogramOf([0, 1, 2, 2, 3, 500]);
    const bounds = [-1, 0, 1.5, 2, 100, 1e9];
    expect(bounds.map(bound => histogram.countUpTo(bound))).toEqual([0, 1, 2, 4, 5, 6]);
    expect(new Histogram().countUpTo(5)).toBe(0);
  });
});
