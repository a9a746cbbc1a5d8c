import { expect, test } from 'vitest';
import { presetKnobs, replayed } from '../../../src/analysis/capacity/engine-replay.ts';
import type { ObservedRequest } from '../../../src/analysis/capacity/observed-load.ts';

const limits = { maxConcurrentRequests: 100, maxInputTokens: 1024, maxTotalTokens: 2048 };
const engine = { gpu: 'A100-80G', model: 'mistral-7b', limits };

const request = (id: number, outputTokens: number, sendLagMs: number): ObservedRequest => ({
  id,
  atMs: 0,
  inputTokens: 10,
  images: 0,
  maxNewTokens: outputTokens,
  outputTokens,
  counts: true,
  sendLagMs,
  firstTokenMs: 0,
  lastTokenMs: 0,
});

test('a request of a closed loop that is sent ten seconds late keeps the other slot from nothing', () => {
  const requests = [request(0, 10, 0), request(1, 10, 0), request(2, 2, 10_000), request(3, 200, 0)];
  const load = { label: '2', pace: { kind: 'closed', slots: 2, thinkTimeMs: 0 }, requests } as const;
  const { ttftMs, outputTokensPerS } = replayed(load, engine, presetKnobs);
  expect(ttftMs).toHaveLength(4);
  // 222 tokens, of which the last comes with the late request and not 200 steps after it.
  const tookS = 222 / outputTokensPerS;
  expect(tookS).toBeGreaterThan(10);
  expect(tookS).toBeLessThan(10.5);
});
