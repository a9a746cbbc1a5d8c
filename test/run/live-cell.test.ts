import { describe, expect, it } from 'vitest';
import type { OutcomeKind } from '../../src/protocol/outcome.ts';
import type { RequestRecord } from '../../src/record/request-record.ts';
import { LiveCell } from '../../src/run/live-cell.ts';

const ended = (given: Partial<RequestRecord> = {}): RequestRecord => ({
  seq: 0,
  cell: 0,
  phase: 'measured',
  target: 'm/gpu0',
  workload: 'chat',
  dueMs: 0,
  sentMs: 0,
  tokenTimesMs: [],
  endMs: 500,
  outputTokens: 20,
  requestId: '',
  requestBytes: 0,
  outcome: { kind: 'ok' },
  ...given,
});

const unsent = (): RequestRecord => {
  const { sentMs: _, ...rest } = ended({ outcome: { kind: 'dropped' } });
  return rest;
};

/** A cell to which this happens in each second. */
function afterSeconds(seconds: readonly (readonly RequestRecord[])[]): LiveCell {
  const cell = new LiveCell(0);
  for (const [second, records] of seconds.entries()) {
    for (const record of records) {
      cell.due(record.sentMs !== undefined);
      cell.ended(record);
    }
    cell.tick((second + 1) * 1000);
  }
  return cell;
}

describe('what is counted of a cell while it is driven', () => {
  it('are requests in flight, without those that were never sent', () => {
    const cell = new LiveCell(0);
    for (let i = 0; i < 5; i++) cell.due(true);
    cell.due(false);
    cell.ended(ended());
    cell.ended(unsent());
    expect(cell.inFlight).toBe(4);
    expect(cell.measured).toBe(2);
  });

  it('are refusals and failures of every attempt, as the report counts them', () => {
    const kinds: OutcomeKind[] = ['ok', 'rate_limited', 'overloaded', 'forbidden', 'timeout', 'rejected'];
    const attempt = (kind: OutcomeKind) => ({ sentMs: 0, endMs: 1, outcome: { kind } });
    const cell = afterSeconds([
      [
        ...kinds.map(kind => ended({ outcome: { kind } })),
        ended({ attempts: [attempt('rate_limited'), attempt('server_error'), attempt('ok')] }),
        unsent(),
      ],
    ]);
    expect(cell.trouble).toEqual({ rateLimited: 3, forbidden: 1, errors: 3 });
  });

  it('are tokens per second over the last ten', () => {
    const answers = (count: number) => Array.from({ length: count }, () => ended());
    expect(afterSeconds([answers(1), answers(3)]).outputTokensPerS).toBe(40);
    expect(afterSeconds([answers(50), ...Array.from({ length: 10 }, () => answers(1))]).outputTokensPerS).toBe(20);
  });

  it('are no tokens per second where no answer ended: they may be on their way', () => {
    const none = Array.from({ length: 10 }, () => []);
    expect(new LiveCell(0).outputTokensPerS).toBeUndefined();
    expect(afterSeconds(none).outputTokensPerS).toBeUndefined();
    expect(afterSeconds([[ended()], ...none]).outputTokensPerS).toBeUndefined();
    expect(afterSeconds([[ended({ outputTokens: 0, outcome: { kind: 'timeout' } })]]).outputTokensPerS).toBe(0);
  });

  it('are read without a look at any request again, however many there were', () => {
    let reads = 0;
    const watched = () =>
      new Proxy(ended(), {
        get(target, key, receiver) {
          reads++;
          return Reflect.get(target, key, receiver) as unknown;
        },
      });
    const cell = afterSeconds(Array.from({ length: 30 }, () => Array.from({ length: 100 }, watched)));
    expect(reads).toBeGreaterThan(3000);
    reads = 0;
    cell.tick(31_000);
    expect([cell.inFlight, cell.measured, cell.outputTokensPerS, cell.trouble.errors]).toEqual([0, 3000, 1800, 0]);
    expect(reads).toBe(0);
  });
});
