import { describe, expect, it } from 'vitest';
import { type Assessment, assess, unlikeRuns } from '../../../src/analysis/capacity/assessment.ts';
import { parseChosen } from '../../../src/analysis/capacity/objective-sets.ts';
import type { SearchResult } from '../../../src/record/search.ts';
import { type MadeCurve, madeCurve } from './made-curves.ts';

const capacity = (made: MadeCurve, ...objectives: string[]) => only(assess([madeCurve(made)], parseChosen(objectives)));

function only({ endpoints }: Assessment) {
  expect(endpoints).toHaveLength(1);
  return (endpoints[0] as Assessment['endpoints'][number]).capacity;
}

describe('the capacity of an endpoint', () => {
  it('lies where an objective is crossed, between the last step that holds and the first that misses', () => {
    // TTFT is 100 ms for each request per second: 500 ms are crossed at 5 a second.
    const found = capacity({}, 'p95(ttftMs) <= 500');
    expect(found).toMatchObject({ kind: 'found', binding: 'TTFT', responseTimeMs: expect.closeTo(500 + 9 * 20, 0) });
    expect(found.perS).toEqual({ value: expect.closeTo(5, 2), low: 4, high: 6, provenance: 'interpolated' });
    expect(found.why).toBe('between 4/s, which holds, and 6/s, which does not: p95(ttftMs) <= 500, measured 600');
  });

  it('is bound by the objective that is crossed first', () => {
    const found = capacity({}, 'p95(ttftMs) <= 700', 'p95(responseTimeMs) <= 700');
    expect(found).toMatchObject({ binding: 'response time', perS: { value: expect.closeTo(5.2, 1) } });
  });

  it('is at least the largest load where nothing was missed', () => {
    const found = capacity({}, 'p95(ttftMs) <= 5000');
    expect(found).toMatchObject({ kind: 'at least', binding: null });
    expect(found.perS).toEqual({ value: 10, low: 10, high: null, provenance: 'measured' });
  });

  it('is no number where no load meets the objectives, and where none has enough requests to say', () => {
    expect(capacity({}, 'p95(ttftMs) <= 10')).toMatchObject({
      kind: 'below',
      perS: null,
      load: null,
      binding: 'TTFT',
      why: 'missed at 2/s, the lowest load measured: p95(ttftMs) <= 10, measured 200',
    });
    const few = capacity({ steps: '[{ ratePerS: [2, 4], duration: 5s }]' }, 'p99(ttftMs) <= 5000');
    expect(few).toMatchObject({ kind: 'unknown', perS: null });
    expect(capacity({ tokens: 1 }, 'p95(tpotMs) <= 50').why).toBe(
      'nothing was measured of p95(tpotMs) <= 50: answers in one piece have no token times',
    );
    expect(few.why).toContain('too short a time at each load (10 to 20 requests)');
  });

  it('is not that of quantiles alone where requests are refused or dropped', () => {
    const dropping = capacity({ dropped: rate => (rate > 6 ? 30 : 0) }, 'p95(ttftMs) <= 5000');
    expect(dropping).toMatchObject({
      kind: 'found',
      binding: 'the limit of requests in flight',
      perS: { low: 6, high: 8 },
    });
    const refusing = capacity({ refused: rate => (rate > 4 ? 10 : 0) }, 'p95(ttftMs) <= 5000');
    expect(refusing).toMatchObject({ kind: 'found', binding: 'the gateway', perS: { low: 4, high: 6 } });
  });

  it('is not that of quantiles alone where a queue grows and the step ends before it shows', () => {
    const growing = (waitMs: number) => capacity({ ttftMs: rate => (rate > 6 ? waitMs : 100) }, 'p95(ttftMs) <= 60000');
    // At 8 a second 43 of 240 are still under way at the end, where two or three standard deviations are 18.
    expect(growing(5000)).toMatchObject({ kind: 'found', binding: 'throughput', perS: { low: 6, high: 8 } });
    // 22 of them may be chance: nothing is said of what lies beyond 6.
    expect(growing(2500)).toMatchObject({ kind: 'at least', perS: { low: 6, high: null } });
  });

  it('is a rate that was achieved where the loop is closed, and its load the requests in flight', () => {
    const found = capacity(
      { steps: '[{ concurrency: [1, 2, 4, 8, 16], requests: 400 }]', ttftMs: slots => 50 * slots },
      'p95(ttftMs) <= 300',
    );
    expect(found).toMatchObject({ loadKind: 'closed', load: { low: 4, high: 8, value: expect.closeTo(6, 1) } });
    // 4 in flight take 200 + 180 ms each, 8 take 400 + 180.
    expect(found.perS?.low).toBeCloseTo(4 / 0.38, 0);
    expect(found.perS?.high).toBeCloseTo(8 / 0.58, 0);
  });

  it('keeps open and closed loops apart, and endpoints, and what they ran on', () => {
    const steps = '[{ ratePerS: [2, 4], duration: 60s }, { concurrency: [1, 2], requests: 100 }]';
    const runs = [
      madeCurve({ id: 'a', steps, hardware: 'A' }),
      madeCurve({ id: 'b', steps: '[{ ratePerS: 8, duration: 60s }]', hardware: 'A' }),
      madeCurve({ id: 'c', steps: '[{ ratePerS: 8, duration: 60s }]', hardware: 'B' }),
    ];
    const { endpoints } = assess(runs, parseChosen(['p95(ttftMs) <= 500']));
    expect(endpoints.map(({ curve }) => [curve.label, curve.points.map(({ load }) => load)])).toEqual([
      ['hermes/gpu0 chat, closed loop, A', [1, 2]],
      ['hermes/gpu0 chat, open loop, A', [2, 4, 8]],
      ['hermes/gpu0 chat, open loop, B', [8]],
    ]);
  });

  it('uses nothing of an invalid run, and names runs in which one name stands for two things', () => {
    const { endpoints, invalid } = assess([madeCurve({ verdict: 'invalid' })], parseChosen([]));
    expect([endpoints, invalid.length]).toEqual([[], 1]);
    const other = madeCurve({ id: 'o', rest: 'goodput: { ttftMs: 5 }' });
    expect(unlikeRuns([madeCurve(), other])).toEqual([]);
    const prompt = {
      ...other,
      scenario: {
        ...other.scenario,
        workloads: { chat: { ...other.scenario.workloads['chat'], prompt: { text: 'How?' } } },
      },
    };
    expect(unlikeRuns([madeCurve(), prompt as typeof other])).toEqual([
      'o: workloads.chat.prompt.text: expected Why? as in r, got How?',
    ]);
  });

  it('says of a step that holds above one that misses, and of answers of other lengths', () => {
    const uneven = capacity({ ttftMs: rate => (rate === 4 ? 900 : 100) }, 'p95(ttftMs) <= 500');
    expect(uneven).toMatchObject({ perS: { low: 2, high: 4 } });
    expect(uneven.doubts).toEqual(['what is missed at 4/s holds again at 6/s: the first miss counts']);
  });

  it('is what a search found, where one looked for the same', () => {
    const search: SearchResult = {
      target: 'hermes/gpu0',
      workload: 'chat',
      objective: 'chat: p95(ttftMs) <= 500',
      over: 'ratePerS',
      kind: 'found',
      confidence: 0.9,
      low: 4.8,
      estimate: 5.1,
      high: 5.3,
      probes: [],
      requests: 9000,
      tookMs: 1,
    };
    const run = { ...madeCurve(), searches: [search] };
    const of = (...texts: string[]) => only(assess([run], parseChosen(texts)));
    expect(of('p95(ttftMs) <= 500')).toMatchObject({
      kind: 'found',
      perS: { value: 5.1, low: 4.8, high: 5.3, provenance: 'measured' },
      binding: 'TTFT',
      why: 'a search found 4.80 to 5.30/s, with 90.0 % confidence (0 probes, 9,000 requests)',
    });
    expect(of('p95(ttftMs) <= 400').perS?.provenance).toBe('interpolated');
    // Beside other objectives it bounds, unless one of them does first.
    expect(of('p95(ttftMs) <= 500', 'p95(tpotMs) <= 50')).toMatchObject({
      perS: { value: 5.1 },
      objectives: ['p95(ttftMs) <= 500', 'p95(tpotMs) <= 50'],
    });
    expect(of('p95(ttftMs) <= 500', 'p95(responseTimeMs) <= 500')).toMatchObject({
      binding: 'response time',
      perS: { low: 2, high: 4, provenance: 'interpolated' },
    });
    expect(of().perS?.value).toBe(5.1);
    const below = { ...run, searches: [{ ...search, kind: 'below from', high: 2 } as const] };
    expect(only(assess([below], parseChosen([])))).toMatchObject({ kind: 'below', perS: null });
    const spoiled = { ...run, validity: { verdict: 'invalid', reasons: [] } as const };
    expect(only(assess([spoiled], parseChosen([]))).perS?.value).toBe(5.1);
  });

  it('is labelled as simulated where no GPU was', () => {
    expect(capacity({ simulated: true }, 'p95(ttftMs) <= 500').perS).toMatchObject({
      provenance: 'interpolated',
      simulation: 'uncalibrated',
    });
  });
});

describe('objectives', () => {
  it('are those of the scenario that speak at any load, else those of an interactive service', () => {
    const own = madeCurve({ rest: 'objectives: ["p95(ttftMs) <= 500", "concurrency <= 2: p95(tpotMs) <= 1"]' });
    expect(only(assess([own], parseChosen([]))).objectives).toEqual(['p95(ttftMs) <= 500']);
    expect(only(assess([madeCurve()], parseChosen([]))).objectives).toEqual([
      'p99(ttftMs) <= 500',
      'p99(tpotMs) <= 30',
    ]);
  });

  it('go by names, with where their limits come from', () => {
    const { endpoints } = assess([madeCurve()], parseChosen(['contract']));
    expect(endpoints[0]?.objectives.source).toContain('API document');
    expect(endpoints[0]?.capacity.objectives).toEqual(['p99(responseTimeMs) < 30000', 'errorRatio < 0.01']);
    expect(() => parseChosen(['interactiv'])).toThrow('did you mean interactive?');
    expect(() => parseChosen(['p95(ttft) <= 3'])).toThrow('expected one of');
  });
});
