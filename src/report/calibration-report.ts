import { trueWithinMs } from '../analysis/calibration.ts';
import type { Calibration, Rung } from '../record/calibration.ts';
import { formatDuration, formatNumber, formatRatio } from '../units.ts';
import type { Document } from './document.ts';
import { left, right } from './table-cells.ts';

/** What a machine was found able to do. */
export function calibrationReport(calibration: Calibration): Document {
  const { host, node, timerLatenessMs, floorMs, requestsPerS, requestsPerCpuS, eventsPerCpuS, rungs, disturbed } =
    calibration;
  return {
    title: `this machine: ${host.cpu}, ${host.cores} cores, Node ${node}`,
    blocks: [
      ...(disturbed.length === 0
        ? []
        : [
            { kind: 'paragraph' as const, text: 'DISTURBED: these figures may be wrong' },
            { kind: 'list' as const, items: disturbed },
          ]),
      {
        kind: 'list',
        items: [
          ...largestTexts(calibration),
          `token events: ${formatNumber(eventsPerCpuS)} a second of CPU time of one thread, everything recorded`,
          `unary requests: ${formatNumber(requestsPerS)} a second, ${formatNumber(requestsPerCpuS)} a second of CPU time`,
          `floor: TTFT p50 ${formatDuration(floorMs.ttft.p50)}, p99 ${formatDuration(floorMs.ttft.p99)}; response time p50 ${formatDuration(floorMs.response.p50)}, p99 ${formatDuration(floorMs.response.p99)}`,
          `timers: late by p50 ${formatDuration(timerLatenessMs.p50)}, p99 ${formatDuration(timerLatenessMs.p99)}`,
        ],
      },
      { kind: 'heading', text: 'How true token times are' },
      {
        kind: 'table',
        caption: '',
        columns: [
          left('tokens come'),
          right('streams'),
          right('tokens/s each'),
          right('p50', 'error'),
          right('p99', 'error'),
          right('came'),
        ],
        rows: rungs.map(({ pace, streams, tokensPerS, errorMs, cameRatio }) => [
          { text: pace },
          { text: streams.toLocaleString('en-US') },
          { text: String(tokensPerS) },
          { text: formatDuration(errorMs.p50) },
          { text: formatDuration(errorMs.p99) },
          { text: formatRatio(cameRatio) },
        ]),
      },
    ],
  };
}

function largestTexts({ largest, rungs }: Calibration): string[] {
  return [['staggered', largest.staggered] as const, ['in step', largest.inStep] as const].map(([pace, rung]) => {
    const least = Math.min(...rungs.filter(each => each.pace === pace).map(({ streams }) => streams));
    const most = rung === null ? `not even ${least} streams` : `up to ${loadText(rung)}`;
    return `tokens that come ${pace} are stamped within ${trueWithinMs} ms (p99): ${most}`;
  });
}

function loadText({ streams, tokensPerS }: Rung): string {
  return `${streams.toLocaleString('en-US')} streams × ${tokensPerS} tokens/s`;
}

/** The same in one line that begins with its day, for the report of a run. */
export function calibrationText({
  at,
  largest,
  floorMs,
  timerLatenessMs,
  disturbed,
}: Omit<Calibration, 'rungs'>): string {
  const most = largest.staggered === null ? 'no load that was tried' : loadText(largest.staggered);
  const doubt = disturbed.length === 0 ? '' : ' (disturbed)';
  return `${at.slice(0, 10)}${doubt}: token times within ${trueWithinMs} ms (p99) up to ${most}; floor of TTFT ${formatDuration(floorMs.ttft.p50)}, timers late by ${formatDuration(timerLatenessMs.p99)} (p99)`;
}
