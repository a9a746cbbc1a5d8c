/** What a run does while it lasts, as lines of text: pure functions of its progress. */

import type { EndpointProgress, Progress, TimeLeft } from '../record/progress.ts';
import { askedLabel } from '../scenario/expand.ts';
import { formatDuration, formatNumber, missing } from '../units.ts';
import { padded } from './cut-text.ts';
import { visible } from './document.ts';

export interface Space {
  readonly columns: number;
  readonly rows: number;
  readonly colour: boolean;
}

/** The numbers of an endpoint beside its name, by what stands above them. */
const columns = [
  { label: 'in flight', of: inFlightText },
  { label: 'tokens/s', of: ({ outputTokensPerS: perS }: EndpointProgress) => formatNumber(perS ?? Number.NaN) },
  { label: 'p95 TTFT', of: ttftText },
  { label: '429', of: ({ rateLimited }: EndpointProgress) => countText(rateLimited) },
  { label: '403', of: ({ forbidden }: EndpointProgress) => countText(forbidden) },
  { label: 'errors', of: ({ errors }: EndpointProgress) => countText(errors) },
] as const;

const shortestName = 12;

/** A line for the run and a table with a line for each endpoint; where not all find room, the busiest, and how many more there are. */
export function liveTable(progress: Progress, { columns: width, rows, colour }: Space): string[] {
  const paint = (code: number, text: string) => (colour ? `\u001b[${code}m${text}\u001b[22m` : text);
  const { endpoints } = progress;
  // Besides the endpoints: the head, the labels, how many more, and the line that a terminal keeps free.
  const room = Math.max(1, rows - 4);
  const shown = endpoints.length <= room + 1 ? endpoints : busiest(endpoints, room);
  const [labels = '', ...lines] = alignedLines(
    shown.map(endpoint => nameOf(endpoint, endpoints)),
    shown.map(endpoint => columns.map(column => column.of(endpoint))),
    width - 1,
  );
  const more = endpoints.length - shown.length;
  return [
    paint(1, headOf(progress).slice(0, width - 1)),
    paint(2, labels),
    ...lines.map((line, i) => (shown[i]?.isDriven ? line : paint(2, line))),
    ...(more === 0 ? [] : [paint(2, `and ${more} more`)]),
  ];
}

/** The labels and the rows below them, in as many whole columns as fit: half a number would be another one. */
function alignedLines(names: readonly string[], rows: readonly (readonly string[])[], most: number): string[] {
  const widths = columns.map(({ label }, i) => Math.max(label.length, ...rows.map(row => row[i]?.length ?? 0)));
  const widthOf = (count: number) => widths.slice(0, count).reduce((sum, each) => sum + each + 2, 0);
  const fitting = columns.map((_, i) => i + 1).findLast(count => shortestName + widthOf(count) <= most) ?? 0;
  const longestName = Math.max('endpoint'.length, ...names.map(name => name.length));
  const nameWidth = Math.min(longestName, most - widthOf(fitting));
  const line = (name: string, texts: readonly string[]) =>
    [padded(name, nameWidth, 'left'), ...texts.slice(0, fitting).map((text, i) => text.padStart(widths[i] ?? 0))].join(
      '  ',
    );
  return [
    line(
      'endpoint',
      columns.map(({ label }) => label),
    ),
    ...rows.map((texts, i) => line(names[i] ?? '', texts)),
  ];
}

/** The same on one line, for where nothing can be drawn over: the run, then each endpoint that is driven. */
export function plainLine(progress: Progress): string {
  const driven = progress.endpoints.filter(({ isDriven }) => isDriven);
  const trouble = (endpoint: EndpointProgress) =>
    (
      [
        [endpoint.rateLimited, '× 429'],
        [endpoint.forbidden, '× 403'],
        [endpoint.errors, 'errors'],
      ] as const
    )
      .filter(([count]) => count > 0)
      .map(([count, name]) => `${countText(count)} ${name}`);
  return [
    headOf(progress),
    ...driven.map(endpoint =>
      [
        `${nameOf(endpoint, progress.endpoints)}: ${inFlightText(endpoint)} in flight`,
        `${formatNumber(endpoint.outputTokensPerS ?? Number.NaN)} tokens/s`,
        `p95 TTFT ${ttftText(endpoint)}`,
        ...trouble(endpoint),
      ].join(', '),
    ),
  ].join(' · ');
}

function headOf({ stage, stages, mayBeFewer, elapsedMs, left, part, endpoints }: Progress): string {
  const driven = endpoints.filter(({ isDriven }) => isDriven);
  const first = driven[0];
  const elapsed = wholeSeconds(elapsedMs, 1);
  if (first === undefined) return `preparing · ${elapsed}`;
  const loads = new Set(driven.map(({ load }) => askedLabel(load)));
  const load = loads.size === 1 ? visible(askedLabel(first.load)) : 'several loads';
  return `stage ${stage + 1} of ${mayBeFewer ? '≤ ' : ''}${stages} · ${elapsed}, ${leftText(left)} · ${load}, ${part}`;
}

function leftText(left: TimeLeft | undefined): string {
  if (left === undefined) return 'time left not known yet';
  const about = wholeSeconds(left.ms, left.ms < 60_000 ? 5 : 10);
  return `${left.isBound ? 'at most ' : ''}about ${about} left`;
}

/** A time in whole seconds, or in so many of them at a time. */
function wholeSeconds(ms: number, step: number): string {
  const seconds = Math.round(ms / 1000 / step) * step;
  return seconds < 60 ? `${seconds} s` : formatDuration(seconds * 1000);
}

/** The workload stands in it where the endpoint has several. */
function nameOf({ target, workload }: EndpointProgress, all: readonly EndpointProgress[]): string {
  const has = all.filter(other => other.target === target).length;
  return visible(has > 1 ? `${target} ${workload}` : target);
}

/** How many are in flight, of how many that may be. */
function inFlightText({ isDriven, inFlight, load }: EndpointProgress): string {
  const most = load.kind === 'closed' ? load.effectiveConcurrency : load.effectiveMaxInFlight;
  return `${isDriven ? countText(inFlight) : missing}${most === undefined ? '' : `/${countText(most)}`}`;
}

function ttftText({ ttftP95Ms: { value, censored } }: EndpointProgress): string {
  return value === null ? missing : `${censored ? '≥ ' : ''}${formatDuration(value)}`;
}

function countText(count: number): string {
  return count.toLocaleString('en-US');
}

function busiest(endpoints: readonly EndpointProgress[], most: number): EndpointProgress[] {
  return [...endpoints]
    .sort((a, b) => Number(b.isDriven) - Number(a.isDriven) || b.inFlight - a.inFlight)
    .slice(0, most);
}
