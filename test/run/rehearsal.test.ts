import { expect, test } from 'vitest';
import type { RequestRecord } from '../../src/record/request-record.ts';
import { rehearsal } from '../../src/run/rehearsal.ts';

test('its answers are answers: streams with all of their tokens, and whole ones', () => {
  const records: RequestRecord[] = [];
  rehearsal(record => records.push(record));
  expect(new Set(records.map(({ outcome }) => outcome.kind))).toEqual(new Set(['ok']));
  const events = new Map<number, number>();
  for (const { tokenTimesMs } of records) events.set(tokenTimesMs.length, (events.get(tokenTimesMs.length) ?? 0) + 1);
  expect([...events]).toEqual([
    [30, 600],
    [0, 600],
  ]);
  expect(new Set(records.map(({ outputTokens, finishReason }) => `${outputTokens} ${finishReason}`))).toEqual(
    new Set(['30 length']),
  );
});
