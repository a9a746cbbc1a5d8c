import { describe, expect, it } from 'vitest';
import { demandsOf } from '../../../src/analysis/capacity/demand.ts';
import { parseDemand } from '../../../src/analysis/capacity/demand-file.ts';

const parse = (text: string) => parseDemand({ file: 'f.yaml', text });
const of = (part: string, rest = '') => demandsOf(parse(`demand: [{ model: m, workload: w, ${part} }]\n${rest}`))[0];
const problems = (text: string) => {
  try {
    parse(text);
    return [];
  } catch (error) {
    return (error as Error).message.split('\n');
  }
};
const wrong = (part: string, rest = '') => problems(`demand: [{ model: m, workload: w, ${part} }]\n${rest}`);

describe('a demand', () => {
  it('is that of users, or requests per second, or the mean of a day', () => {
    const users = 'users: 3600, activeAtPeak: 10 %, requestsPerUserHour: 20';
    expect(of(users)).toMatchObject({ peakPerS: 2, meanPerS: null, requestsPerUserHour: 20 });
    expect(of('requestsPerS: 4')).toMatchObject({ peakPerS: 4, meanPerS: null });
    expect(of('requestsPerS: { mean: 4 }, peakToMean: 3')).toMatchObject({ peakPerS: 12, meanPerS: 4 });
    expect(of('requestsPerS: { mean: 4, peak: 10 }')).toMatchObject({ peakPerS: 10, meanPerS: 4 });
    expect(of(`${users}, requestsPerS: 2`)).toMatchObject({ peakPerS: 2 });
  });

  it('goes through a day on any scale', () => {
    const hours = [...Array(12).fill(0), ...Array(12).fill(50)].join(', ');
    expect(of(`requestsPerS: 4, hours: [${hours}]`)).toMatchObject({
      meanPerS: 2,
      hourlyPerS: [...Array(12).fill(0), ...Array(12).fill(4)],
    });
  });

  it('grows to its horizon, compounding', () => {
    expect(of('requestsPerS: 4', 'growth: { perYear: 50 %, months: 24 }')).toMatchObject({
      peakPerS: 9,
      growthFactor: 2.25,
    });
    expect(of('requestsPerS: 4', 'growth: { perMonth: 0.1, months: 2 }')?.peakPerS).toBeCloseTo(4.84, 10);
  });

  it('has a policy where none is given', () => {
    expect(parse('demand: [{ model: m, workload: w, requestsPerS: 1 }]').policy).toEqual({
      utilisation: 0.7,
      spare: 1,
      concurrentPerModel: 100,
    });
  });

  it.each([
    ['users: 100, activeAtPeak: 10 %, requestsPerUserHour: 0', 'expected a number above 0, got 0'],
    ['users: 100', 'expected activeAtPeak and requestsPerUserHour beside users'],
    [
      'users: 3600, activeAtPeak: 10 %, requestsPerUserHour: 20, requestsPerS: 5',
      'expected what the users come to, 2.00/s in the busiest hour, got 5.00/s (say it in one way only)',
    ],
    [
      'tokens: { input: 1, output: 1 }',
      'expected users, with activeAtPeak and requestsPerUserHour, or requestsPerS, got neither',
    ],
    ['requestsPerS: { mean: 4, peak: 3 }', 'expected a peak of at least the mean, 4, got 3'],
    [
      'requestsPerS: { mean: 4, peak: 8 }, peakToMean: 3',
      'expected the peak to be 3.00 times the mean, as the day goes, got 2.00 times',
    ],
    ['requestsPerS: { mean: 4 }', 'expected how a day goes beside a mean, got neither hours nor peakToMean'],
    ['requestsPerS: 1, peakToMean: 0.5', 'expected a number of at least 1, got 0.5'],
    ['requestsPerS: 1, hours: [1, 2]', 'expected 24 numbers, one an hour'],
    [`requestsPerS: 1, hours: [${Array(24).fill(0).join(', ')}]`, 'expected a day with requests in it, got 24 zeros'],
    ['requestsPerS: -1', 'above 0'],
    ['requestsPerS: 1, activeAtPeak: 0.1', 'expected users beside it, got none'],
    ['users: 9, activeAtPeak: 120 %, requestsPerUserHour: 1', 'expected a share above 0 and up to 1'],
    ['users: 9, activeAtPeak: many, requestsPerUserHour: 1', 'expected a share such as 0.4 or 40 %, got "many"'],
    ['requestPerS: 1', 'did you mean requestsPerS?'],
  ])('is refused with its place: %s', (part, words) => {
    const found = wrong(part);
    expect(found.join('\n')).toContain(words);
    expect(found[0]).toMatch(/^f\.yaml:1:\d+: /);
  });

  it.each([
    ['growth: { perYear: 0.5 }', 'expected months (a number), got nothing'],
    ['growth: { months: 12 }', 'expected one of perYear and perMonth'],
    ['prices: { currency: EUR, gpu: { purchase: -5, years: 3 } }', 'expected a number of at least 0, got -5'],
    ['prices: { currency: EUR, gpu: { purchase: 5 } }', 'expected purchase and years, or perHour'],
    ['prices: { currency: EUR, gpu: { purchase: 5, years: 3, perHour: 1 } }', 'got both'],
    ['prices: { currency: EUR, gpu: { perHour: 1 }, power: { perKWh: 1 } }', 'which has power and hosting in it'],
    ['policy: { utilisation: 1.5 }', 'expected a share from 0.05 to 1'],
    ['objectives: interactiv', 'did you mean interactive?'],
  ])('is refused beside what else is wrong: %s', (rest, words) => {
    expect(wrong('requestsPerS: 1', rest).join('\n')).toContain(words);
  });

  it('is refused where it is empty or says a thing twice, with all problems at once', () => {
    expect(problems('')[0]).toContain('expected demand');
    expect(problems('demand: []')[0]).toContain('expected at least 1 of them');
    const part = '{ model: m, workload: w, requestsPerS: 1 }';
    expect(problems(`demand: [${part}, ${part}]`)).toEqual([expect.stringContaining('got "m w" twice')]);
    const several = problems(
      'demand:\n  - { model: m, workload: w, requestsPerS: 1 }\n  - { model: m, workload: w, requestsPerS: 0 }\npolicy: { spare: -1 }',
    );
    expect(several).toEqual([
      expect.stringMatching(/^f\.yaml:3:\d+: expected a number above 0, got 0/),
      expect.stringMatching(/^f\.yaml:4:\d+: expected a number of at least 0, got -1/),
    ]);
  });
});
