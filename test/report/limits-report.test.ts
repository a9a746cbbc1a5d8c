import { describe, expect, it } from 'vitest';
import type { Limits } from '../../src/analysis/limits.ts';
import { limitsReport } from '../../src/report/limits-report.ts';
import { terminal } from '../../src/report/terminal.ts';

const said = (limits: Limits) => terminal(limitsReport('http://h', limits), { width: 200, colour: false });
const unlimited: Limits = {
  requests: 311,
  concurrency: { held: 160, refused: null, refusal: null, kind: null },
  rate: { heldPerS: 80, refusedPerS: null, refusal: null },
  bucket: null,
};
const outcome = { kind: 'rate_limited', status: 429, by: 'gateway', detail: 'Too Many Requests' } as const;
const refusal = { outcome: { ...outcome, retryAfterMs: 1_000 }, waitedMs: 1_003, answeredThen: true };

describe('the report of the limits of a service', () => {
  it('says what held where nothing was refused', () => {
    expect(said(unlimited)).toMatch(/311 requests[\s\S]*160 in flight at once held[\s\S]*up to 80\/s held/);
  });

  it('says who refused, what was promised and whether it was kept', () => {
    const text = said({
      requests: 93,
      concurrency: { held: 30, refused: 31, refusal, kind: 'rate' },
      rate: { heldPerS: 20, refusedPerS: 40, refusal },
      bucket: { ratePerS: [9.75, 10.5], burst: [25, 25] },
    });
    expect(text).toContain('30 in flight at once held, and the next was refused for its rate');
    expect(text).toContain('refused with 429 by the gateway, “Too Many Requests”');
    expect(text).toContain('Retry-After 1.00 s; asked again after 1.00 s: answered');
    expect(text).toContain('20/s held for a second, 40/s did not');
    expect(text).toContain('a token bucket that holds 25 and fills at 9.75 to 10.5 a second');
  });

  it('says what it is where waiting did not help, and what is not known', () => {
    const { concurrency } = unlimited;
    const again = {
      outcome: { kind: 'overloaded', by: 'model server' } as const,
      waitedMs: 1_000,
      answeredThen: false,
    };
    const limited = { ...concurrency, held: 100, refused: 101, refusal: again, kind: 'concurrency' } as const;
    expect(said({ ...unlimited, concurrency: limited })).toMatch(
      /101 did not: a limit of concurrency[\s\S]*overloaded by the model server[\s\S]*no Retry-After; asked again after 1\.00 s: not answered/,
    );
    const unasked = { ...limited, refusal: { outcome, waitedMs: null, answeredThen: null }, kind: null };
    expect(said({ ...unlimited, concurrency: unasked })).toMatch(/101 did not\n[\s\S]*no Retry-After; not asked again/);
  });
});
