import { describe, expect, it } from 'vitest';
import { metrics } from '../../src/record/metrics.ts';
import { Recorder } from '../../src/record/recorder.ts';
import { type Comparator, holds, parseObjective, parseStopRule } from '../../src/scenario/objective.ts';

describe('parseObjective', () => {
  it('reads a bound on a quantile of a metric', () => {
    expect(parseObjective('p95(ttftMs) <= 800')).toEqual({
      text: 'p95(ttftMs) <= 800',
      names: [],
      loads: [],
      metric: 'ttftMs',
      statistic: 0.95,
      comparator: '<=',
      bound: 800,
    });
  });

  it('reads a bound on a rate or ratio of a cell', () => {
    expect(parseObjective('rateLimitedRatio <= 0.01')).toMatchObject({
      metric: 'rateLimitedRatio',
      statistic: undefined,
      comparator: '<=',
      bound: 0.01,
    });
  });

  it('reads which cells it speaks of: workloads, targets and loads', () => {
    expect(parseObjective('chat, concurrency <= 32: p95(ttftMs) <= 800')).toMatchObject({
      names: ['chat'],
      loads: [{ field: 'concurrency', comparator: '<=', value: 32 }],
    });
    expect(
      parseObjective('chat, hermes-2-pro-tgi/gpu0, ratePerS = 2.5, concurrency > 1: errorRatio < 0.5'),
    ).toMatchObject({
      names: ['chat', 'hermes-2-pro-tgi/gpu0'],
      loads: [
        { field: 'ratePerS', comparator: '=', value: 2.5 },
        { field: 'concurrency', comparator: '>', value: 1 },
      ],
    });
  });

  it('reads a name with a colon in it, such as a host with its port', () => {
    expect(parseObjective('h2:8443: p50(tpotMs) <= 100')).toMatchObject({ names: ['h2:8443'], metric: 'tpotMs' });
  });

  it.each([
    ['p50(itlMs) < 5', 0.5],
    ['p99.9(responseTimeMs) <= 5', 0.999],
    ['mean(tpotMs) <= 5', 'mean'],
    ['max(stallMs) <= 5', 'max'],
  ])('reads the statistic of %s', (text, statistic) => {
    const read = parseObjective(text).statistic;
    if (typeof statistic === 'number') expect(read).toBeCloseTo(statistic, 12);
    else expect(read).toBe(statistic);
  });

  it('allows as much white space as one likes', () => {
    expect(parseObjective('  chat ,concurrency<=32:p95( ttftMs )<=800 ')).toMatchObject({
      names: ['chat'],
      loads: [{ field: 'concurrency', comparator: '<=', value: 32 }],
      metric: 'ttftMs',
      bound: 800,
    });
  });

  it.each([
    '',
    'ttftMs',
    'p95(ttftMs)',
    'p95(ttftMs) == 800',
    'p95(ttftMs) <= fast',
    'p95 ttftMs <= 800',
    'chat: ',
    'p95(ttftMs) <= -1',
  ])('refuses %j and shows how', text => {
    expect(() => parseObjective(text)).toThrow(/^expected an objective such as .*, got /);
  });

  it('says which metrics there are', () => {
    expect(() => parseObjective('p95(ttft) <= 800')).toThrow(/expected one of .*ttftMs.*, got "ttft"/);
    expect(() => parseObjective('errors <= 0.01')).toThrow(/expected one of .*errorRatio.*, got "errors"/);
  });

  it('tells quantiles of requests and numbers of a cell apart', () => {
    expect(() => parseObjective('p95(errorRatio) <= 0.01')).toThrow(/expected one of/);
    expect(() => parseObjective('ttftMs <= 800')).toThrow(/expected one of/);
  });

  it('knows no percentile but those that are kept', () => {
    for (const text of ['p0(ttftMs) <= 1', 'p97(ttftMs) <= 1', 'p100(ttftMs) <= 1', 'p250(ttftMs) <= 1']) {
      expect(() => parseObjective(text)).toThrow(/expected one of p50, p90, p95, p99, p99.9/);
    }
  });

  it('can bound every metric of a request and every rate of a cell', () => {
    for (const { name } of metrics) expect(parseObjective(`p50(${name}) <= 1`).metric).toBe(name);
    const { rates } = new Recorder({ goodput: undefined, requestTimeoutMs: 30_000 }).summary();
    for (const name of Object.keys(rates)) expect(parseObjective(`${name} <= 1`).metric).toBe(name);
  });
});

describe('parseStopRule', () => {
  it.each([
    ['errorRatio > 0.2 for 15s', 'step', 'errorRatio', 0.2, 15_000],
    ['step: rateLimitedRatio>0.5 for 1m', 'step', 'rateLimitedRatio', 0.5, 60_000],
    ['run: overloadedRatio > 0 for 500ms', 'run', 'overloadedRatio', 0, 500],
    [' run :forbiddenRatio > 0.01 for 2s', 'run', 'forbiddenRatio', 0.01, 2_000],
  ])('reads %s', (text, ends, ratio, bound, forMs) => {
    expect(parseStopRule(text)).toEqual({ text, ends, ratio, bound, forMs });
  });

  it.each([
    '',
    'errorRatio > 0.2',
    'errorRatio > 0.2 for 15',
    'errorRatio > 0.2 for ever',
    'errorRatio > 0.2 for 15toString',
    'errorRatio < 0.2 for 15s',
    'droppedRatio > 0.2 for 15s',
    'errorRatio > a lot for 15s',
    'cell: errorRatio > 0.2 for 15s',
  ])('refuses %j and shows how', text => {
    expect(() => parseStopRule(text)).toThrow(
      /^expected a rule such as "errorRatio > 0\.2 for 15s" or "run: errorRatio > 0\.5 for 30s", got /,
    );
  });
});

describe('holds', () => {
  const table: [Comparator | '=', boolean, boolean, boolean][] = [
    ['<=', true, true, false],
    ['<', true, false, false],
    ['=', false, true, false],
    ['>=', false, true, true],
    ['>', false, false, true],
  ];

  it.each(table)('%s: below %s, at %s, above %s', (comparator, below, at, above) => {
    expect([holds(1, comparator, 2), holds(2, comparator, 2), holds(3, comparator, 2)]).toEqual([below, at, above]);
  });
});
