import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/random.ts';
import { RecentPairs } from '../../src/record/recent-pairs.ts';
import { WindowSum } from '../../src/record/window-sum.ts';
import { WindowTime } from '../../src/record/window-time.ts';

const pairsIn = (recent: RecentPairs) => {
  const pairs: number[][] = [];
  recent.each((a, b) => pairs.push([a, b]));
  return pairs;
};

describe('recent pairs', () => {
  it('are those of the last five seconds, in their order, however many there are', () => {
    const recent = new RecentPairs(0);
    const all: number[][] = [];
    for (let k = 0; k < 20_000; k++) {
      const atMs = k * (k < 10_000 ? 1 : 3);
      all.push([atMs, k]);
      recent.add(atMs, k, atMs);
      if (k % 997 === 0) expect(pairsIn(recent)).toEqual(all.filter(([ms]) => (ms as number) >= atMs - 5_000));
    }
  });

  it('come one by one or several at once', () => {
    const [single, several] = [new RecentPairs(0), new RecentPairs(0)];
    for (let k = 0; k < 2_000; k++) {
      const timesMs = Array.from({ length: k % 90 }, (_, i) => k * 40 + i);
      const [from, to] = [Math.min(3, timesMs.length), Math.max(0, timesMs.length - 2)];
      if (from > to) continue;
      const nowMs = k * 40 + 90;
      for (const timeMs of timesMs.slice(from, to)) single.add(timeMs, k, nowMs);
      several.addEach(timesMs, from, to, k, nowMs);
      if (from < to && k % 97 === 0) expect(pairsIn(several)).toEqual(pairsIn(single));
    }
    expect(pairsIn(several).length).toBeGreaterThan(1_000);
  });

  it('go by the time that they are told to', () => {
    const recent = new RecentPairs(1);
    recent.add(0, 10_000, 1);
    recent.add(9_000, 9_100, 9_100);
    recent.add(14_900, 14_950, 14_990);
    expect(pairsIn(recent)).toEqual([
      [0, 10_000],
      [9_000, 9_100],
      [14_900, 14_950],
    ]);
    recent.add(15_200, 15_300, 15_300);
    expect(pairsIn(recent)).toEqual([
      [14_900, 14_950],
      [15_200, 15_300],
    ]);
  });
});

/** Adds what happens over a minute, of which the window is known late, and the same where it is known before. */
function twice<T extends WindowSum | WindowTime>(make: () => T, add: (to: T, atMs: number, k: number) => void): [T, T] {
  const [late, early] = [make(), make()];
  const [openMs, closeMs, lateMs] = [10_000, 50_000, 800];
  early.open(openMs);
  early.close(closeMs);
  for (let k = 0; k < 6_000; k++) {
    const atMs = k * 10;
    if (atMs === openMs) late.open(openMs);
    if (atMs === closeMs + lateMs) late.close(closeMs);
    add(late, atMs, k);
    add(early, atMs, k);
  }
  return [late, early];
}

describe('a sum over a window', () => {
  it('is what happened in it, also where its end is known late', () => {
    const random = seededRandom('window sum');
    const agesMs = Array.from({ length: 6_000 }, () => random.integer(0, 700));
    const [late, early] = twice(
      () => new WindowSum(),
      (sum, atMs, k) => sum.add(atMs - (agesMs[k] as number), k % 7, atMs),
    );
    const times = agesMs.map((ageMs, k) => [k * 10 - ageMs, k % 7] as const);
    const inside = times.filter(([ms]) => ms > 10_000 && ms <= 50_000);
    expect(early.sum).toBe(inside.reduce((sum, [, amount]) => sum + amount, 0));
    expect(late.sum).toBe(early.sum);
  });

  it('is the same where several times are added at once as where each is', () => {
    const random = seededRandom('window sum of several');
    const answers = Array.from({ length: 6_000 }, (_, k) => {
      const agesMs = Array.from({ length: random.integer(0, 40) }, () => random.integer(0, 700));
      return agesMs.map(ageMs => k * 10 - ageMs).sort((a, b) => a - b);
    });
    const atOnce = twice(
      () => new WindowSum(),
      (sum, atMs, k) => sum.addEach(answers[k] as number[], 1 + (k % 3), atMs),
    );
    const oneByOne = twice(
      () => new WindowSum(),
      (sum, atMs, k) => {
        for (const timeMs of answers[k] as number[]) sum.add(timeMs, 1 + (k % 3), atMs);
      },
    );
    expect(oneByOne[0].sum).toBeGreaterThan(0);
    expect(atOnce.map(({ sum }) => sum)).toEqual(oneByOne.map(({ sum }) => sum));
  });

  it('is nothing before the window begins', () => {
    const sum = new WindowSum();
    sum.add(1, 5, 1);
    expect(sum.sum).toBe(0);
  });
});

describe('a time over a window', () => {
  it('is that of its spans in it, also of what began before it or went on after it', () => {
    const random = seededRandom('window time');
    const lastedMs = Array.from({ length: 6_000 }, () => random.integer(0, 3_000));
    const [late, early] = twice(
      () => new WindowTime(),
      (time, atMs, k) => {
        time.add(atMs - (lastedMs[k] as number), atMs, atMs);
        time.add(atMs, atMs + 400, atMs); // a pause that is still to come
      },
    );
    expect(early.us).toBeGreaterThan(0);
    expect(late.us).toBe(early.us);
  });

  it('is nothing of a window that never begins', () => {
    const time = new WindowTime();
    time.add(1, 5, 5);
    time.close(10);
    expect(time.us).toBe(0);
  });
});
