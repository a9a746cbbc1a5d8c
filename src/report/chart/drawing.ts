/** How a drawing is made up: its colours and its room, px. */
import type { Panel } from './chart.ts';
import type { Theme } from './theme.ts';

export interface Drawing {
  readonly theme: Theme;
  readonly width: number;
  /** Whether a pointer reads it: pictures have no slider to zoom with. */
  readonly interactive: boolean;
  /** Labels of series that are left out. */
  readonly hidden?: ReadonlySet<string>;
}

export const fontSize = 11.5;
export const margins = { left: 50, top: 30, bottom: 40 };
/** Room for what stands at the ends of lines. */
export const endLabelWidth = 34;
export const alone = { plot: 190 };
/** `strip`: where the names of stretches stand, above all of it. */
export const stacked = { plot: 92, gap: 32, slider: 34, strip: 18 };

/** How high a drawing of these panels is, px. */
export function heightOf(panels: readonly Panel[], interactive: boolean): number {
  return panels.length === 1
    ? margins.top + alone.plot + margins.bottom
    : margins.top +
        stacked.strip +
        panels.length * (stacked.plot + stacked.gap) +
        (interactive ? stacked.slider : 8) +
        8;
}
