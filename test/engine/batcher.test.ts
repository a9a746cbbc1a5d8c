import { describe, expect, it } from 'vitest';
import { gpuPresets } from '../../src/engine/gpu.ts';
import { kvCapacityTokens } from '../../src/engine/gpu-memory.ts';
import { modelPresets } from '../../src/engine/model.ts';
import { runClosedLoop } from './closed-loop.ts';
import { gapsMs, recordEngine, request, tokenTimesMs } from './record-engine.ts';

const limits = { maxConcurrentRequests: 128, maxInputTokens: 4096, maxTotalTokens: 8192 };

describe('the batch of TGI 2', () => {
  it('takes all who come at one instant into one prefill', () => {
    const { engine, tokens } = recordEngine({ limits: { ...limits, maxBatchPrefillTokens: 8192 } });
    for (let id = 0; id < 8; id++) engine.submit(request(id, 500, 3), 10);
    engine.advance(1000);
    expect(new Set(tokens.filter(token => token.index === 1).map(token => token.atMs)).size).toBe(1);
  });

  it('leaves those waiting who come when it has been settled, and takes those who come as a step ends', () => {
    const { engine, startsMs } = recordEngine();
    engine.submit(request(1, 500, 50), 0);
    const prefillEndMs = engine.nextMs() ?? Number.NaN;
    engine.submit(request(2, 500, 50), 0);
    engine.advance(200);
    expect(startsMs.get(2)).toBe(prefillEndMs);
    const stepEndMs = engine.nextMs() ?? Number.NaN;
    engine.advance(stepEndMs);
    engine.submit(request(3, 500, 50), stepEndMs);
    engine.advance(300);
    expect(startsMs.get(3)).toBe(stepEndMs);
  });

  it('pauses decoding while a prompt is computed', () => {
    const { engine, tokens } = recordEngine();
    engine.submit(request(1, 500, 50), 0);
    engine.submit(request(2, 3000, 5), 100);
    engine.advance(2000);
    const prefillMs = 0.07 * 3000;
    expect(Math.max(...gapsMs(tokens, 1))).toBeGreaterThan(prefillMs);
    expect(gapsMs(tokens, 1).filter(gap => gap > 12)).toHaveLength(1);
  });

  it('decodes once between two prefills that join it', () => {
    const { engine, tokens } = recordEngine({ limits: { ...limits, maxBatchPrefillTokens: 4096 } });
    engine.submit(request(1, 500, 50), 0);
    for (const id of [2, 3]) engine.submit(request(id, 4000, 5), 100);
    engine.advance(3000);
    const [second, third] = [2, 3].map(id => tokenTimesMs(tokens, id)[0] ?? Number.NaN) as [number, number];
    expect(tokenTimesMs(tokens, 1).filter(atMs => second < atMs && atMs <= third)).toHaveLength(1);
  });

  it('keeps a short queue waiting until max_waiting_tokens have been decoded', () => {
    const { engine, tokens, startsMs } = recordEngine({ limits: { ...limits, maxWaitingTokens: 12 } });
    for (let id = 0; id < 10; id++) engine.submit(request(id, 100, 200), 0);
    engine.submit(request(10, 100, 5), 100);
    engine.advance(10_000);
    const before = tokenTimesMs(tokens, 0).filter(atMs => atMs <= (startsMs.get(10) ?? 0));
    // The prefill counts as the first of the twelve.
    expect(before).toHaveLength(12);
  });

  it('lets a queue in at once that is long enough for waiting_served_ratio', () => {
    const { engine, startsMs } = recordEngine({
      limits: { ...limits, maxBatchPrefillTokens: 8192, maxWaitingTokens: 1000 },
    });
    for (let id = 0; id < 10; id++) engine.submit(request(id, 100, 200), 0);
    engine.submit(request(10, 100, 5), 90);
    engine.submit(request(11, 100, 5), 120);
    engine.advance(200);
    expect(startsMs.has(11)).toBe(false);
    engine.submit(request(12, 100, 5), 200);
    engine.advance(10_000);
    for (const id of [10, 11, 12]) {
      expect(startsMs.get(id)).toBeGreaterThan(200);
      expect(startsMs.get(id)).toBeLessThan(220);
    }
  });

  it('counts for waiting_served_ratio only those who fit into the prefill', () => {
    const { engine, startsMs } = recordEngine({
      limits: { ...limits, maxBatchPrefillTokens: 4096, maxWaitingTokens: 15 },
    });
    for (let id = 0; id < 10; id++) engine.submit(request(id, 100, 200), 0);
    for (let id = 10; id < 14; id++) engine.submit(request(id, 2000, 5), 90);
    engine.advance(150);
    expect(startsMs.size).toBe(10);
    engine.advance(300);
    expect(startsMs.size).toBe(12);
  });

  it('holds everyone behind the first that does not fit', () => {
    const { engine, startsMs } = recordEngine({ kvCapacityTokens: 10_000, limits });
    engine.submit(request(1, 4000, 400), 0);
    engine.submit(request(2, 4000, 4000), 1);
    engine.submit(request(3, 10, 10), 2);
    engine.advance(3000);
    expect([...startsMs.keys()]).toEqual([1]);
    engine.advance(100_000);
    expect([...startsMs.keys()]).toEqual([1, 2, 3]);
    expect(startsMs.get(3)).toBeGreaterThanOrEqual(startsMs.get(2) ?? Number.NaN);
  });

  it('reserves for what may be asked, not for what will be given', () => {
    const { engine } = recordEngine({ limits });
    engine.submit({ ...request(1, 1000, 10), maxNewTokens: 2000 }, 0);
    engine.advance(50);
    expect(engine.state().kvTokens).toBe(2999);
  });

  it('never runs more than the KV cache of an L4 holds', () => {
    const { engine } = recordEngine({ gpu: 'L4', limits });
    const { L4: gpu } = gpuPresets;
    const { 'mistral-7b': model } = modelPresets;
    if (gpu === undefined || model === undefined) throw new Error('presets are missing');
    const capacity = kvCapacityTokens(gpu, model);
    for (let id = 0; id < 40; id++) engine.submit({ ...request(id, 2048, 300), maxNewTokens: 2048 }, 10 * id);
    let mostRunning = 0;
    for (let atMs = 0; atMs < 400_000; atMs += 500) {
      engine.advance(atMs);
      const { running, kvTokens } = engine.state();
      mostRunning = Math.max(mostRunning, running);
      expect(kvTokens).toBeLessThanOrEqual(capacity);
    }
    expect(mostRunning).toBe(Math.floor(capacity / 4095));
    expect(mostRunning).toBe(10);
    expect(engine.state().finished).toBe(40);
  });
});

describe('max_batch_size', () => {
  const serve = (users: number) => {
    const answered = runClosedLoop(
      { users, request: index => (index < 20 * users ? { inputTokens: 300, outputTokens: 100 } : undefined) },
      { gpu: 'A100-80G', model: 'mistral-7b', limits: { ...limits, maxBatchSize: 8 } },
    );
    // Neither the beginning, where everyone comes at once, nor the end, where the queue has run dry.
    const steady = answered.slice(2 * users, -2 * users);
    const mean = (of: (request: (typeof steady)[number]) => number) =>
      steady.reduce((sum, each) => sum + of(each), 0) / steady.length;
    const spanMs = (steady.at(-1)?.endMs ?? 0) - (steady[0]?.endMs ?? 0);
    return {
      tpotMs: mean(({ firstTokenMs, endMs }) => (endMs - firstTokenMs) / 99),
      ttftMs: mean(({ arrival, firstTokenMs }) => firstTokenMs - arrival.atMs),
      responseMs: mean(({ arrival, endMs }) => endMs - arrival.atMs),
      perMs: (steady.length - 1) / spanMs,
    };
  };

  it('keeps the time per token flat while the time to the first token grows with the queue', () => {
    const [sixteen, thirtyTwo, sixtyFour] = [16, 32, 64].map(serve) as [
      ReturnType<typeof serve>,
      ReturnType<typeof serve>,
      ReturnType<typeof serve>,
    ];
    expect(sixtyFour.tpotMs / sixteen.tpotMs).toBeGreaterThan(0.95);
    expect(sixtyFour.tpotMs / sixteen.tpotMs).toBeLessThan(1.05);
    const growth = (sixtyFour.ttftMs - thirtyTwo.ttftMs) / (thirtyTwo.ttftMs - sixteen.ttftMs);
    expect(growth).toBeGreaterThan(1.8);
    expect(growth).toBeLessThan(2.2);
  });

  it.each([4, 16, 64])("keeps Little's law: %i users are as many as arrive per time × time they stay", users => {
    const { perMs, responseMs } = serve(users);
    expect((perMs * responseMs) / users).toBeGreaterThan(0.95);
    expect((perMs * responseMs) / users).toBeLessThan(1.05);
  });
});

describe('the batch of TGI 3', () => {
  const chunked = { tgi: 'v3', limits: { ...limits, maxBatchPrefillTokens: 512 } } as const;

  it('goes on decoding while a long prompt is computed in pieces', () => {
    const { engine, tokens } = recordEngine(chunked);
    engine.submit(request(1, 500, 50), 0);
    engine.submit(request(2, 4000, 5), 100);
    engine.advance(5000);
    const firstMs = tokenTimesMs(tokens, 2)[0] ?? 0;
    const meanwhile = tokenTimesMs(tokens, 1).filter(atMs => atMs > 100 && atMs < firstMs);
    expect(meanwhile.length).toBeGreaterThanOrEqual(Math.floor(4000 / 512));
    expect(Math.max(...gapsMs(tokens, 1))).toBeLessThan(60);
  });

  it('computes the same prompts as TGI 2 in about the same time', () => {
    const [pieces, whole] = [chunked, { tgi: 'v2', limits } as const].map(options => {
      const { engine } = recordEngine(options);
      for (let id = 0; id < 10; id++) engine.submit(request(id, 3000, 20), 5 * id);
      engine.advance(60_000);
      return engine.state();
    });
    expect(pieces).toMatchObject({ inputTokens: 30_000, outputTokens: 200, finished: 10 });
    expect((pieces?.busyMs ?? 0) / (whole?.busyMs ?? 0)).toBeGreaterThan(0.9);
    expect((pieces?.busyMs ?? 0) / (whole?.busyMs ?? 0)).toBeLessThan(1.1);
  });

  it('does as much arithmetic for a prompt in pieces as for a whole one', () => {
    const [pieces, whole] = [chunked, { tgi: 'v2', limits } as const].map(options => {
      const { engine } = recordEngine(options);
      engine.submit(request(1, 4000, 20), 0);
      engine.advance(60_000);
      return engine.state().flops;
    });
    expect((pieces ?? 0) / (whole ?? 0)).toBeCloseTo(1, 9);
  });

  it('begins a prompt only when the pieces of those before it leave room in a step', () => {
    const { engine, tokens, startsMs } = recordEngine(chunked);
    engine.submit(request(1, 4000, 5), 0);
    engine.submit(request(2, 100, 5), 1);
    engine.advance(5000);
    const firstMs = tokenTimesMs(tokens, 1)[0] ?? Number.NaN;
    expect(firstMs - (startsMs.get(2) ?? 0)).toBeGreaterThan(0);
    expect(firstMs - (startsMs.get(2) ?? 0)).toBeLessThan(60);
  });

  it('computes only the rest of a prompt whose beginning an ended request has left in the cache', () => {
    const { engine, tokens } = recordEngine({ tgi: 'v3', limits });
    const ask = (id: number, atMs: number, prefixId: string) => {
      engine.submit({ ...request(id, 3000, 2), prefix: { id: prefixId, tokens: 2800 } }, atMs);
      engine.advance(atMs + 1000);
      return (tokenTimesMs(tokens, id)[0] ?? 0) - atMs;
    };
    const first = ask(1, 0, 'system prompt');
    const second = ask(2, 1000, 'system prompt');
    const other = ask(3, 2000, 'another');
    expect(second).toBeLessThan(0.15 * first);
    expect(other).toBeCloseTo(first, 6);
  });

  it('throws out cached prompts, the longest unused first, where their room is needed', () => {
    const { engine, tokens } = recordEngine({ tgi: 'v3', kvCapacityTokens: 9000, limits });
    let atMs = 0;
    const ask = (id: number, prefixId: string) => {
      const sentMs = atMs;
      engine.submit({ ...request(id, 4000, 2), prefix: { id: prefixId, tokens: 4000 } }, sentMs);
      atMs += 1000;
      engine.advance(atMs);
      expect(engine.state().kvTokens).toBe(0);
      return (tokenTimesMs(tokens, id)[0] ?? 0) - sentMs;
    };
    const cold = ask(1, 'a');
    ask(2, 'b');
    expect(ask(3, 'a')).toBeLessThan(0.1 * cold);
    ask(4, 'c');
    expect(ask(5, 'a')).toBeLessThan(0.1 * cold);
    expect(ask(6, 'b')).toBeGreaterThan(0.5 * cold);
  });

  it('keeps a cached prompt while someone reads it, and no longer', () => {
    const { engine, startsMs } = recordEngine({ tgi: 'v3', kvCapacityTokens: 9000, limits });
    const prefix = { id: 'a', tokens: 4000 };
    engine.submit({ ...request(1, 4001, 2), prefix }, 0);
    engine.advance(1000);
    engine.submit({ ...request(2, 4001, 400), prefix }, 1000);
    engine.submit(request(3, 4000, 2000), 1001);
    engine.advance(3000);
    expect([...startsMs.keys()]).toEqual([1, 2]);
    engine.advance(60_000);
    expect([...startsMs.keys()]).toEqual([1, 2, 3]);
    expect(engine.state()).toMatchObject({ finished: 3, kvTokens: 0 });
  });

  it('computes the prompts of a vision model whole and anew', () => {
    const { engine, tokens } = recordEngine({ ...chunked, model: 'llava-1.6-mistral-7b', limits });
    const ask = (id: number, atMs: number) => {
      engine.submit({ ...request(id, 3000, 2), images: 1, prefix: { id: 'same', tokens: 3000 } }, atMs);
      engine.advance(atMs + 1000);
      return (tokenTimesMs(tokens, id)[0] ?? 0) - atMs;
    };
    expect(ask(2, 1000)).toBeCloseTo(ask(1, 2000), 6);
  });
});
