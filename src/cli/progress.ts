import { visible } from '../report/document.ts';
import type { Progress } from '../run/run-scenario.ts';
import { loadLabel } from '../scenario/expand.ts';
import { formatDuration, formatNumber, plural } from '../units.ts';
import type { Output } from './io.ts';

/** How often a line is printed where it cannot be drawn over. */
const lineEveryMs = 5_000;

/** Shows what a run does: on a terminal one live line, elsewhere a line every few seconds. */
export function showProgress(output: Output): { show(progress: Progress): void; clear(): void } {
  let shownMs = Number.NEGATIVE_INFINITY;
  return {
    show(progress) {
      const line = progressLine(progress);
      if (output.isTTY) output.write(`\r\u001b[K${line.slice(0, output.columns - 1)}`);
      else if (progress.elapsedMs - shownMs >= lineEveryMs) {
        shownMs = progress.elapsedMs;
        output.write(`${line}\n`);
      }
    },
    clear() {
      if (output.isTTY) output.write('\r\u001b[K');
    },
  };
}

function progressLine(progress: Progress): string {
  const { cells, stage, stages, part, elapsedMs, inFlight, outputTokensPerS, rateLimited, forbidden, errors } =
    progress;
  const first = cells[0];
  const where =
    first === undefined
      ? 'preparing'
      : `${cells.length === 1 ? visible(first.target.name) : plural(cells.length, 'endpoint')} ${loadLabel(first.load)}`;
  const trouble = [
    [rateLimited, '429'],
    [forbidden, '403'],
    [errors, 'errors'],
  ] as const;
  return [
    `${stage + 1}/${stages} ${formatDuration(Math.round(elapsedMs / 1000) * 1000)}`,
    `${where} ${part}`,
    `${inFlight} in flight`,
    `${formatNumber(outputTokensPerS)} tok/s`,
    ...trouble.filter(([count]) => count > 0).map(([count, name]) => `${count.toLocaleString('en-US')} ${name}`),
  ].join(' · ');
}
