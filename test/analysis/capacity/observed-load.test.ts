import { describe, expect, it } from 'vitest';
import { observeLoads } from '../../../src/analysis/capacity/observed-load.ts';
import type { RequestRecord } from '../../../src/record/request-record.ts';
import type { CellResult, Run } from '../../../src/record/run.ts';
import { measuredRun } from './measured-run.ts';

const service = { gpu: 'A100-80G', model: 'mistral-7b', networkMs: 2 };
const { run, records } = measuredRun(service, [{ slots: 4 }], { requests: 40 });

function observe(
  of: readonly RequestRecord[],
  cell: Partial<CellResult> = {},
  scenario: Partial<Run['scenario']> = {},
) {
  const changed = { cells: [{ ...(run.cells[0] as CellResult), ...cell }], scenario: { ...run.scenario, ...scenario } };
  const observer = observeLoads(changed, { target: 'm/gpu0', workload: 'chat' });
  for (const record of of) observer.add(record);
  return observer.loads();
}

const why = (...args: Parameters<typeof observe>) => observe(...args).unusable.map(each => each.why)[0];

describe('loads as the engine is put through them', () => {
  it('hold every request in the order of sending, warm-up included, with what its user saw', () => {
    const { usable, unusable } = observe(records);
    expect(unusable).toEqual([]);
    expect(usable).toHaveLength(1);
    const [{ label, pace, requests }] = usable as [(typeof usable)[number]];
    expect(label).toBe('concurrency 4');
    expect(pace).toEqual({ kind: 'closed', slots: 4, thinkTimeMs: 0 });
    expect(requests.map(({ counts }) => counts)).toEqual([...Array(4).fill(false), ...Array(40).fill(true)]);
    const [first] = [...records].sort((a, b) => (a.sentMs ?? 0) - (b.sentMs ?? 0));
    expect(requests[0]).toMatchObject({
      id: 0,
      atMs: first?.sentMs,
      inputTokens: first?.inputTokens,
      images: 0,
      maxNewTokens: first?.outputTokens,
      firstTokenMs: first?.tokenTimesMs[0],
      lastTokenMs: first?.tokenTimesMs[1],
    });
  });

  it('reserve what was asked for where one number was, and count a picture of each request with one', () => {
    const chat = { kind: 'vlm', prompt: {}, output: { maxNewTokens: 500 }, parameters: {}, stream: true } as const;
    const { usable } = observe(records, {}, { workloads: { chat } });
    expect(new Set(usable[0]?.requests.map(({ maxNewTokens, images }) => `${maxNewTokens} ${images}`))).toEqual(
      new Set(['500 1']),
    );
  });

  it('are not used where they say too little, and why is said', () => {
    const changed = (part: Partial<RequestRecord>) => records.map(record => ({ ...record, ...part }));
    const uncounted = records.map(({ inputTokens: _, ...record }) => record);
    const load = { kind: 'closed', concurrency: 4, effectiveConcurrency: 4, thinkTimeMs: 0 } as const;
    expect(why(changed({ tokenTimesMs: [] }))).toContain('without times of tokens');
    expect(why(uncounted)).toContain('how many tokens its prompts are');
    expect(why(records.slice(0, 12))).toContain('too few');
    expect(why([])).toContain('too few');
    expect(why(records, { validity: { verdict: 'invalid', reasons: [] } })).toBe('it is invalid');
    expect(why(records, { load: { ...load, ramp: { from: 1, to: 4, durationMs: 1000 } } })).toContain('changed');
    const failing = records.map((record, i) =>
      i % 10 === 0 ? { ...record, outcome: { kind: 'timeout' as const } } : record,
    );
    expect(why(failing)).toMatch(/^11\.4 % of its requests were not answered/);
  });
});
