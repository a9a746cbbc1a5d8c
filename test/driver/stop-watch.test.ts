import { describe, expect, it } from 'vitest';
import { StopWatch } from '../../src/driver/stop-watch.ts';
import type { OutcomeKind } from '../../src/protocol/outcome.ts';
import { parseStopRule } from '../../src/scenario/objective.ts';

const watching = (rule: string) => {
  const watch = new StopWatch(parseStopRule(rule));
  return (atMs: number, kind: OutcomeKind = 'ok') => watch.isBeyond({ outcome: { kind }, endMs: atMs });
};

describe('a stop watch', () => {
  it('waits until its time has passed', () => {
    const ended = watching('errorRatio > 0.5 for 1s');
    const beyond = Array.from({ length: 150 }, (_, i) => ended(i * 10, 'timeout'));
    expect(beyond.indexOf(true)).toBe(100);
    expect(beyond.slice(100)).toEqual(new Array(50).fill(true));
  });

  it('looks at the last while only', () => {
    const ended = watching('errorRatio > 0.5 for 1s');
    for (let atMs = 0; atMs < 60_000; atMs++) expect(ended(atMs, atMs % 2 === 0 ? 'ok' : 'timeout')).toBe(false);
    for (let atMs = 60_000; atMs < 60_005; atMs++) ended(atMs, 'timeout');
    expect(ended(60_005, 'timeout')).toBe(true);
    for (let atMs = 60_006; atMs < 61_100; atMs++) ended(atMs);
    expect(ended(61_100)).toBe(false);
    expect(ended(200_000, 'timeout')).toBe(true);
  });

  it('counts what its ratio is of, and nothing that went well', () => {
    const kinds = (rule: string) => {
      const counted = (kind: OutcomeKind) => {
        const ended = watching(rule);
        ended(0, kind);
        return ended(1_000, kind);
      };
      return (['ok', 'rate_limited', 'overloaded', 'forbidden', 'timeout', 'connection'] as const).filter(counted);
    };
    expect(kinds('errorRatio > 0.5 for 1s')).toEqual(['timeout', 'connection']);
    expect(kinds('rateLimitedRatio > 0.5 for 1s')).toEqual(['rate_limited']);
    expect(kinds('overloadedRatio > 0.5 for 1s')).toEqual(['overloaded']);
    expect(kinds('forbiddenRatio > 0.5 for 1s')).toEqual(['forbidden']);
  });

  it('takes what is told a little late for what has just ended', () => {
    const ended = watching('errorRatio > 0.5 for 1s');
    ended(0, 'timeout');
    expect(ended(1_050, 'timeout')).toBe(true);
    expect(ended(1_000, 'timeout')).toBe(true);
  });
});
