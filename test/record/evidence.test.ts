import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/random.ts';
import { type Evidence, EvidenceRecorder } from '../../src/record/evidence.ts';
import type { RequestRecord } from '../../src/record/request-record.ts';
import type { Load } from '../../src/scenario/expand.ts';

const load: Load = { kind: 'closed', concurrency: 4, effectiveConcurrency: 4, thinkTimeMs: 700 };
const windowMs = [10_000.0005, 50_000.0007] as const;
const microseconds = (ms: number) => Math.round(ms * 1000) / 1000;

/** What four slots did over a minute, in the order in which it ended; some were refused, and some late. */
function records(): RequestRecord[] {
  const random = seededRandom('evidence');
  const made: RequestRecord[] = [];
  for (let slot = 0; slot < 4; slot++) {
    for (let dueMs = slot * 100; dueMs < 60_000; ) {
      const sentMs = microseconds(dueMs + random.exponential(1 / 5));
      const isRefused = random.uniform() < 0.1;
      const tokenTimesMs = isRefused ? [] : [1, 2, 3].map(i => microseconds(sentMs + i * 200 * (1 + random.uniform())));
      const endMs = tokenTimesMs.at(-1) ?? microseconds(sentMs + 3);
      made.push({
        seq: made.length,
        cell: 0,
        phase: dueMs < windowMs[0] ? 'warmup' : dueMs < windowMs[1] ? 'measured' : 'cooldown',
        target: 'm/gpu0',
        workload: 'chat',
        dueMs,
        sentMs,
        ...(random.uniform() < 0.1 ? { connectionWaitMs: 1.5 } : {}),
        headersMs: sentMs,
        tokenTimesMs,
        endMs,
        outputTokens: 3,
        tokensFrom: 'server',
        requestId: 'r',
        requestBytes: 1,
        outcome: isRefused ? { kind: 'overloaded', retryAfterMs: 9_000 } : { kind: 'ok' },
      });
      dueMs = microseconds(endMs + (isRefused ? 9_000 : 700));
    }
  }
  return made.sort((a, b) => a.endMs - b.endMs);
}

/** The evidence of a run as it goes, whose window's end is said so many ms late. */
function live(all: readonly RequestRecord[], saidLateMs: number): Evidence {
  const recorder = new EvidenceRecorder({ load, oneTokenAnEvent: true });
  let isOpen = false;
  let isClosed = false;
  for (const record of all) {
    if (!isOpen && record.endMs > windowMs[0]) {
      recorder.open(windowMs[0]);
      isOpen = true;
    }
    if (!isClosed && record.endMs > windowMs[1] + saidLateMs) {
      recorder.close(windowMs[1]);
      isClosed = true;
    }
    recorder.add(record);
  }
  return recorder.evidence();
}

describe('evidence', () => {
  it('is to the last digit the same as a run goes and from its file', () => {
    const all = records();
    const recorder = new EvidenceRecorder({ load, oneTokenAnEvent: true });
    recorder.open(windowMs[0]);
    recorder.close(windowMs[1]);
    for (const record of all) recorder.add(record);
    const evidence = recorder.evidence();
    expect(live(all, 0)).toEqual(evidence);
    expect(live(all, 800)).toEqual(evidence);
    expect(evidence.slots?.heldBack).toBeGreaterThan(0.3);
    expect(evidence.connectionWaits.requests).toBeGreaterThan(0);
    expect(evidence.course?.counts.length).toBeGreaterThan(32);
  });

  it('accounts for the whole time of all slots but what passes between due and sent', () => {
    const all = records().map(record => ({ ...record, sentMs: record.dueMs }));
    const { inFlight, thinking, heldBack } = live(all, 0).slots ?? { inFlight: 0, thinking: 0, heldBack: 0 };
    expect(inFlight + thinking + heldBack).toBeCloseTo(4, 3);
  });

  it('says nothing of slots that had not all come in, nor of ramps and open loops', () => {
    const measuredOnly = records().filter(({ phase }) => phase !== 'warmup');
    expect(live(measuredOnly, 0).slots).toBeNull();
    const ramp = { from: 1, to: 4, durationMs: 40_000 };
    const open: Load = { kind: 'open', arrivals: 'poisson', ratePerS: 4, whenFull: 'drop' };
    for (const other of [{ ...load, ramp }, open]) {
      const recorder = new EvidenceRecorder({ load: other, oneTokenAnEvent: true });
      recorder.open(windowMs[0]);
      recorder.close(windowMs[1]);
      for (const record of records()) recorder.add(record);
      expect(recorder.evidence().slots).toBeNull();
    }
  });
});
