import type { Progress } from '../record/progress.ts';
import { liveTable, plainLine } from '../report/live-view.ts';
import type { Output } from './io.ts';

/** How often a line is printed where it cannot be drawn over. */
const lineEveryMs = 5_000;

/** Shows what a run does until it is interrupted: on a terminal a table that is drawn over, elsewhere a line every few seconds. */
export function showProgress(
  output: Output,
  interrupted: AbortSignal,
): { show(progress: Progress): void; clear(): void } {
  let shownMs = Number.NEGATIVE_INFINITY;
  return {
    show(progress) {
      if (interrupted.aborted) return;
      if (output.isDrawable) output.draw(liveTable(progress, output));
      else if (progress.elapsedMs - shownMs >= lineEveryMs) {
        shownMs = progress.elapsedMs;
        output.write(`${plainLine(progress)}\n`);
      }
    },
    clear: () => output.draw([]),
  };
}
