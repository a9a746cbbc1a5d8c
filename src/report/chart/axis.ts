/** Where an axis begins and ends, what stands along it, and how its numbers are written. */
import { formatNumber } from '../../units.ts';
import type { Axis, NumberFormat } from './chart.ts';

/**
 * Ends for an axis that holds all values: the 1-2-5 steps around them where it is logarithmic; from zero in about
 * `parts` round steps, with a label at each, where it is linear.
 */
export function axisRange(
  values: readonly number[],
  scale: Axis['scale'],
  parts = 4,
): Required<Pick<Axis, 'min' | 'max'>> & Pick<Axis, 'ticks'> {
  const known = values.filter(value => Number.isFinite(value) && (scale === 'linear' || value > 0));
  const [least, most] = known.reduce<[number, number]>(
    ([low, high], value) => [Math.min(low, value), Math.max(high, value)],
    [Number.POSITIVE_INFINITY, 0],
  );
  if (scale === 'log')
    return known.length === 0 ? { min: 1, max: 10 } : { min: stepBelow(least), max: stepAbove(most) };
  const step = roundStep((most === 0 ? 1 : most) / parts);
  const count = Math.max(1, Math.ceil(most / step - 1e-9));
  const ticks = Array.from({ length: count + 1 }, (_, i) => Number((i * step).toPrecision(10)));
  return { min: 0, max: ticks.at(-1) as number, ticks };
}

/** The least of 1, 2, 2.5 and 5 times a power of ten that is not below `value`. */
function roundStep(value: number): number {
  const decade = 10 ** Math.floor(Math.log10(value));
  return decade * ([1, 2, 2.5, 5].find(step => step * decade >= value * (1 - 1e-9)) ?? 10);
}

/** A logarithmic axis where values span more than this many times the smallest. */
const widestLinear = 12;

/** The scale on which all values can be told apart. */
function scaleFor(values: readonly number[]): Axis['scale'] {
  const known = values.filter(value => value > 0);
  return known.length > 0 && Math.max(...known) / Math.min(...known) > widestLinear ? 'log' : 'linear';
}

/** The axis of values of a unit, on the scale on which they can be told apart; it says so where that is logarithmic. */
export function valueAxis(unit: string, values: readonly number[], format: NumberFormat = 'number'): Axis {
  const scale = scaleFor(values);
  return { label: `${unit}${scale === 'log' ? ', logarithmic' : ''}`, scale, format, ...axisRange(values, scale) };
}

const steps = [1, 1.5, 2, 3, 5, 7, 10];

function stepAbove(value: number): number {
  const decade = 10 ** Math.floor(Math.log10(value));
  return decade * (steps.find(step => step * decade >= value) ?? 10);
}

function stepBelow(value: number): number {
  const decade = 10 ** Math.floor(Math.log10(value));
  return decade * ([...steps].reverse().find(step => step * decade <= value) ?? 1);
}

/** The labels of an axis of known ends: as given, decades with 1-2-5 steps between them, or undefined for ECharts' own. */
export function ticksOf({ ticks, scale, min, max }: Axis): readonly number[] | undefined {
  if (ticks !== undefined) return ticks;
  if (scale === 'linear' || min === undefined || max === undefined) return undefined;
  const decades = Math.log10(max / min);
  const within = decades > 4 ? [1] : decades > 2 ? [1, 3] : [1, 2, 5];
  const first = Math.floor(Math.log10(min));
  const all = Array.from({ length: Math.ceil(decades) + 2 }, (_, i) => 10 ** (first + i));
  return all.flatMap(decade => within.map(step => step * decade)).filter(tick => tick >= min && tick <= max * 1.0001);
}

/** A number as it stands along an axis: as short as it can be told. */
export function axisLabel(value: number, format: NumberFormat): string {
  switch (format) {
    case 'ratio':
      return `${Number((value * 100).toPrecision(3))} %`;
    case 'tail':
      return `p${Number((100 - 100 / value).toPrecision(6))}`;
    case 'seconds':
      return clockTime(value);
    case 'number':
      return Math.abs(value) >= 10_000
        ? `${Number((value / 1000).toPrecision(3))}k`
        : String(Number(value.toPrecision(3)));
  }
}

/** A number as it is read off a chart. */
export function readNumber(value: number, format: NumberFormat): string {
  return format === 'number' && value !== 0 ? formatNumber(value) : axisLabel(value, format);
}

/** `0:42`, `12:05`, `1:02:03`. */
function clockTime(seconds: number): string {
  const whole = Math.round(seconds);
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60), whole % 60];
  const two = (part: number) => String(part).padStart(2, '0');
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}
