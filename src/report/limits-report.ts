import type { Limits, Refusal } from '../analysis/limits.ts';
import { formatDuration, plural } from '../units.ts';
import type { Block, Document } from './document.ts';

/** The limits of a service, as a probe found them. */
export function limitsReport(name: string, limits: Limits): Document {
  const { concurrency, rate, bucket, requests } = limits;
  return {
    title: `the limits of ${name}`,
    blocks: [
      { kind: 'paragraph', text: `Found with ${plural(requests, 'request')}, up to the first refusal.` },
      ...section('at once', [concurrencyText(concurrency), ...refusalTexts(concurrency.refusal)]),
      ...section('per second', [
        rateText(rate),
        ...refusalTexts(rate.refusal),
        ...(bucket === null ? [] : [bucketText(bucket)]),
      ]),
    ],
  };
}

function section(heading: string, items: readonly string[]): Block[] {
  return [
    { kind: 'heading', text: heading },
    { kind: 'list', items },
  ];
}

function concurrencyText({ held, refused, kind }: Limits['concurrency']): string {
  if (refused === null) return `${held} in flight at once held, and no more were tried`;
  switch (kind) {
    case 'concurrency':
      return `${held} in flight at once held, ${refused} did not: a limit of concurrency`;
    case 'rate':
      return `${held} in flight at once held, and the next was refused for its rate: with as many still there another was answered later`;
    case null:
      return `${held} in flight at once held, ${refused} did not`;
  }
}

function rateText({ heldPerS, refusedPerS }: Limits['rate']): string {
  if (refusedPerS === null) return heldPerS === null ? 'not tried' : `up to ${heldPerS}/s held, for a second`;
  return heldPerS === null
    ? `${refusedPerS}/s did not hold`
    : `${heldPerS}/s held for a second, ${refusedPerS}/s did not`;
}

function refusalTexts(refusal: Refusal | null): string[] {
  if (refusal === null) return [];
  const { outcome, waitedMs, answeredThen } = refusal;
  const status = outcome.status === undefined ? outcome.kind : String(outcome.status);
  const by = outcome.by === undefined || outcome.by === 'unknown' ? '' : ` by the ${outcome.by}`;
  const words = outcome.detail ? `, “${outcome.detail}”` : '';
  const promise =
    outcome.retryAfterMs === undefined ? 'no Retry-After' : `Retry-After ${formatDuration(outcome.retryAfterMs)}`;
  const after = waitedMs === null ? '' : ` after ${formatDuration(waitedMs)}`;
  const then = answeredThen === null ? 'not asked again' : `asked again${after}: ${answeredThen ? '' : 'not '}answered`;
  return [`refused with ${status}${by}${words}`, `${promise}; ${then}`];
}

function bucketText({ ratePerS, burst }: NonNullable<Limits['bucket']>): string {
  return `as of a token bucket that holds ${rangeText(burst)} and fills at ${rangeText(ratePerS)} a second`;
}

function rangeText([least, most]: readonly [number, number]): string {
  return least === most ? String(least) : `${least} to ${most}`;
}
