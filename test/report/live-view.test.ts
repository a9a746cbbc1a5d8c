import { describe, expect, it } from 'vitest';
import type { EndpointProgress, Progress } from '../../src/record/progress.ts';
import { liveTable, plainLine } from '../../src/report/live-view.ts';
import type { ClosedLoad, OpenLoad } from '../../src/scenario/expand.ts';

const closed = (effectiveConcurrency: number): ClosedLoad => ({
  kind: 'closed',
  concurrency: effectiveConcurrency,
  effectiveConcurrency,
  thinkTimeMs: 0,
});

const endpoint = (given: Partial<EndpointProgress> = {}): EndpointProgress => ({
  target: 'hermes-2-pro-tgi/gpu0',
  workload: 'chat',
  load: closed(32),
  isDriven: true,
  inFlight: 32,
  outputTokensPerS: 812.4,
  ttftP95Ms: { value: 118.2, censored: false },
  rateLimited: 0,
  forbidden: 0,
  errors: 0,
  ...given,
});

const progress = (endpoints: readonly EndpointProgress[], given: Partial<Progress> = {}): Progress => ({
  elapsedMs: 48_200,
  left: { ms: 71_000, isBound: false },
  stage: 6,
  stages: 15,
  mayBeFewer: false,
  part: 'measuring',
  endpoints,
  ...given,
});

const space = { columns: 80, rows: 24, colour: false };
const waiting = endpoint({
  target: 'llava-v1.6-mistral-7b-tgi/gpu0',
  workload: 'caption',
  isDriven: false,
  inFlight: 0,
  outputTokensPerS: undefined,
  ttftP95Ms: { value: null, censored: false },
});

describe('the live table', () => {
  it('has a line for the run and one for each endpoint, with a dash where nothing is known', () => {
    const refused = endpoint({
      target: 'hermes-2-pro-tgi/gpu1',
      inFlight: 7,
      ttftP95Ms: { value: 30_000, censored: true },
      rateLimited: 1234,
      forbidden: 5,
      errors: 6,
    });
    expect(liveTable(progress([endpoint(), refused, waiting]), space)).toEqual([
      'stage 7 of 15 · 48 s, about 1 min 10 s left · concurrency 32, measuring',
      'endpoint                      in flight  tokens/s  p95 TTFT    429  403  errors',
      'hermes-2-pro-tgi/gpu0             32/32       812    118 ms      0    0       0',
      'hermes-2-pro-tgi/gpu1              7/32       812  ≥ 30.0 s  1,234    5       6',
      'llava-v1.6-mis…l-7b-tgi/gpu0       –/32         –         –      0    0       0',
    ]);
  });

  it.each([
    [undefined, 'time left not known yet'],
    [{ ms: 38_000, isBound: true }, 'at most about 40 s left'],
    [{ ms: 7_300_000, isBound: false }, 'about 2 h 1 min left'],
  ])('says how long it goes on as far as that is known: %j', (left, text) => {
    expect(liveTable(progress([endpoint()], { left }), space)[0]).toContain(`48 s, ${text}`);
  });

  it('says how many stages there are at most where that depends on what is found', () => {
    const [head] = liveTable(progress([endpoint()], { mayBeFewer: true }), space);
    expect(head).toMatch(/^stage 7 of ≤ 15 · /);
  });

  it('says so while nothing is driven yet', () => {
    expect(liveTable(progress([waiting], { elapsedMs: 1_900 }), space)[0]).toBe('preparing · 2 s');
  });

  it('tells several workloads of an endpoint apart', () => {
    const [, , chat, caption] = liveTable(progress([endpoint(), endpoint({ workload: 'caption' })]), space);
    expect(chat).toMatch(/^hermes-2-pro-tgi\/gpu0 chat /);
    expect(caption).toMatch(/^hermes-2-pro-tgi\/gpu0 caption /);
  });

  it('gives an open loop without a bound no number to be in flight of', () => {
    const load: OpenLoad = { kind: 'open', arrivals: 'poisson', ratePerS: 5, whenFull: 'drop' };
    const [head, , row] = liveTable(progress([endpoint({ load, inFlight: 3 })]), space);
    expect(head).toContain('5/s poisson, measuring');
    expect(row).toMatch(/ 3 {7}812 /);
  });

  it.each([30, 40, 60, 80, 200])('stays within %i columns, whatever the names, and cuts no number', columns => {
    const endpoints = Array.from({ length: 5 }, (_, i) =>
      endpoint({
        target: `${'a-very-long-name'.repeat(20)}/gpu${i}`,
        workload: 'c'.repeat(300),
        rateLimited: 1_234_567,
      }),
    );
    const lines = liveTable(progress(endpoints), { ...space, columns });
    for (const line of lines) expect(line.length).toBeLessThan(columns);
    expect(
      lines
        .join('\n')
        .match(/1,[0-9,]*/g)
        ?.every(text => text === '1,234,567') ?? true,
    ).toBe(true);
  });

  it('shows the busiest where not all have a line, and says how many more there are', () => {
    const endpoints = Array.from({ length: 12 }, (_, i) =>
      endpoint({ target: `m/gpu${i}`, inFlight: i % 7, isDriven: i !== 6 }),
    );
    const lines = liveTable(progress(endpoints), { ...space, rows: 8 });
    expect(lines).toHaveLength(7);
    expect(lines.slice(2, -1).map(line => line.slice(0, 7).trim())).toEqual(['m/gpu5', 'm/gpu4', 'm/gpu11', 'm/gpu3']);
    expect(lines.at(-1)).toBe('and 8 more');
  });

  it('shows what names would do to a terminal instead of doing it', () => {
    const hostile = endpoint({ target: '\u001b[2J\u202em/gpu0\r\n', workload: '\u0007' });
    const view = progress([hostile, endpoint({ target: hostile.target })]);
    for (const text of [liveTable(view, space).join('\n'), plainLine(view)]) {
      expect(text).toContain('\\u001b');
      expect(text.replaceAll('\n', '')).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e]/);
    }
  });

  it('has colour only where that is wanted', () => {
    expect(liveTable(progress([endpoint(), waiting]), space).join('')).not.toContain('\u001b');
    expect(liveTable(progress([endpoint(), waiting]), { ...space, colour: true }).at(-1)).toMatch(
      /^\u001b\[2m.*\u001b\[22m$/,
    );
  });
});

describe('the plain line', () => {
  it('says the same of each endpoint that is driven, and of refusals where there are any', () => {
    const refused = endpoint({ target: 'm/gpu1', rateLimited: 1234, errors: 2, outputTokensPerS: undefined });
    expect(plainLine(progress([endpoint(), refused, waiting]))).toBe(
      'stage 7 of 15 · 48 s, about 1 min 10 s left · concurrency 32, measuring' +
        ' · hermes-2-pro-tgi/gpu0: 32/32 in flight, 812 tokens/s, p95 TTFT 118 ms' +
        ' · m/gpu1: 32/32 in flight, – tokens/s, p95 TTFT 118 ms, 1,234 × 429, 2 errors',
    );
  });
});
