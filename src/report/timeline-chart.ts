/** The run along time: what was asked, what came, what was refused and what the GPUs did, on one axis. */
import type { OutcomeKind } from '../protocol/outcome.ts';
import type { CellResult, Run } from '../record/run.ts';
import type { TimelineRow } from '../record/timeline.ts';
import { askedLabel } from '../scenario/expand.ts';
import { formatNumber, formatRatio, missing } from '../units.ts';
import { axisRange } from './chart/axis.ts';
import type { Chart, Panel, Point, Series, Span } from './chart/chart.ts';
import { endpoints } from './endpoints.ts';
import { left, right } from './table-cells.ts';
import { type Bin, binned, type Group } from './timeline-bins.ts';

/** More lines than this in one panel cannot be told apart. */
const maxLines = 8;

/** The timeline of a run; nothing where it has no second. */
export function timeline(run: Run, rows: readonly TimelineRow[]): Chart[] {
  if (rows.length === 0) return [];
  const groups = groupsOf(run, rows);
  const { bins, widthS } = binned(rows, groups, maxBins);
  const [first, last] = [bins[0] as Bin, bins.at(-1) as Bin];
  const x = {
    label: 'since the run began',
    scale: 'linear',
    format: 'seconds',
    min: first.fromS,
    max: last.toS,
  } as const;
  const spans = spansOf(run.cells);
  const panelsOf = (shown: readonly Measure[]) =>
    shown.flatMap(measure => linePanel(measure, bins, groups, { x, spans }));
  // Whose refusals they are is the question where there are several.
  const trouble =
    groups.length > 1
      ? panelsOf(troubleMeasures.filter(({ of }) => bins.some(bin => bin.groups.some(group => (of(group) ?? 0) > 0))))
      : troublePanel(bins, { x, spans });
  return [
    {
      kind: 'chart',
      name: 'timeline',
      title: 'Requests, tokens, refusals and GPUs along time',
      summary: `Warm-up and drain included; each point is ${widthS === 1 ? 'a second' : `the mean of ${widthS} s`}. Above it stands what was asked meanwhile.${troubleText(rows)}${groupingText(groups, rows)}${simulatedText(rows)}`,
      layout: 'stacked',
      panels: [...panelsOf(loadMeasures), ...trouble, ...panelsOf(gpuMeasures)],
      table: tableOf(rows, groups),
    },
  ];
}

/** What fits into a page and onto a screen. */
const maxBins = 480;
const maxTableBins = 24;

interface Measure {
  readonly title: string;
  readonly format?: Panel['y']['format'];
  readonly max?: number;
  readonly of: (of: Bin['groups'][number] | undefined) => number | null;
}

const loadMeasures: readonly Measure[] = [
  { title: 'requests in flight', of: group => group?.inFlight ?? null },
  { title: 'requests sent /s', of: group => group?.sentPerS ?? null },
  { title: 'output tokens /s', of: group => group?.outputTokensPerS ?? null },
];
const gpuMeasures: readonly Measure[] = [
  { title: 'GPU utilisation', format: 'ratio', max: 1, of: group => group?.utilisationRatio ?? null },
  { title: 'GPU power, W', of: group => group?.powerWatts ?? null },
];

const troubles: readonly { readonly label: string; readonly colour: number; readonly kinds: readonly OutcomeKind[] }[] =
  [
    { label: '429', colour: 3, kinds: ['rate_limited', 'overloaded'] },
    { label: '403', colour: 4, kinds: ['forbidden'] },
    {
      label: 'errors',
      colour: 6,
      kinds: ['unauthorized', 'rejected', 'server_error', 'timeout', 'connection', 'protocol', 'abandoned'],
    },
  ];

const troubleMeasures = troubles.map(
  ({ label, kinds }): Measure => ({
    title: `${label} /s`,
    of: group => (group === undefined ? null : kinds.reduce((sum, kind) => sum + group.endedPerS[kind], 0)),
  }),
);

type Ground = Pick<Panel, 'x'> & { readonly spans: readonly Span[] };

/** A line a group; none where nothing is known of any. */
function linePanel(
  { title, format = 'number', max, of }: Measure,
  bins: readonly Bin[],
  groups: readonly Group[],
  ground: Ground,
): Panel[] {
  const series = groups.map((group, i): Series => {
    const points = bins.map((bin): Point => [middle(bin), round(of(bin.groups[i]))]);
    return { label: group.label, colour: group.colour, style: 'line', weight: 0.35, points };
  });
  const values = series.flatMap(({ points }) => points.flatMap(([, y]) => y ?? []));
  if (values.length === 0) return [];
  const y = {
    label: title,
    scale: 'linear',
    format,
    ...(max === undefined ? axisRange(values, 'linear', 2) : { min: 0, max, ticks: [0, max / 2, max] }),
  } as const;
  return [{ title, y, series, ...ground }];
}

/** Refusals and errors of all that is drawn as one, on top of each other; none where there were none. */
function troublePanel(bins: readonly Bin[], ground: Ground): Panel[] {
  const series = troubles.map(({ label, colour }, i): Series => {
    const of = troubleMeasures[i]?.of;
    return {
      label,
      colour,
      style: 'bars',
      points: bins.map((bin): Point => [middle(bin), round(of?.(bin.groups[0]) ?? 0)]),
    };
  });
  const totals = bins.map((_, i) => series.reduce((sum, { points }) => sum + (points[i]?.[1] ?? 0), 0));
  if (totals.every(total => total === 0)) return [];
  const y = { label: '/s', scale: 'linear', format: 'number', ...axisRange(totals, 'linear', 2) } as const;
  return [{ title: '429, 403 and errors /s', y, series, ...ground }];
}

function troubleText(rows: readonly TimelineRow[]): string {
  const kinds = troubles.flatMap(trouble => trouble.kinds);
  return rows.some(({ counts }) => kinds.some(kind => counts[kind] > 0))
    ? ''
    : ' Nothing was refused and nothing failed.';
}

/** What is drawn as one line: a target, or where there are too many all of a model, or all. */
function groupsOf(run: Run, rows: readonly TimelineRow[]): Group[] {
  const known = endpoints(run);
  const targets = [...new Set(rows.map(({ target }) => target))].sort((a, b) =>
    a.localeCompare(b, 'en', { numeric: true }),
  );
  if (targets.length <= maxLines) {
    return targets.map((target, i) => {
      const own = known.filter(endpoint => endpoint.target === target);
      return {
        label: own.length === 1 ? (own[0]?.label ?? target) : target,
        colour: own[0]?.colour ?? i,
        targets: [target],
      };
    });
  }
  const modelOf = (target: string) => run.scenario.targets.find(({ name }) => name === target)?.model ?? target;
  const models = [...new Set(targets.map(modelOf))];
  if (models.length > maxLines) return [{ label: 'all endpoints', colour: 0, targets }];
  return models.map((model, colour) => ({
    label: `${model}, all its endpoints`,
    colour,
    targets: targets.filter(target => modelOf(target) === model),
  }));
}

function groupingText(groups: readonly Group[], rows: readonly TimelineRow[]): string {
  const targets = new Set(rows.map(({ target }) => target)).size;
  return groups.length === targets
    ? ''
    : ` Sums over endpoints, which are too many for a line each; timeline.csv has them one by one.`;
}

function simulatedText(rows: readonly TimelineRow[]): string {
  return rows.some(({ gpu }) => gpu?.simulated) ? ' The GPU is simulated, and so are its utilisation and power.' : '';
}

/** What was asked when: neighbours that were asked the same are one stretch. */
function spansOf(cells: readonly CellResult[]): Span[] {
  const spans: (Span & { readonly key: string })[] = [];
  const inTime = cells.flatMap(cell => (cell.windowMs === null ? [] : [{ cell, window: cell.windowMs }]));
  for (const { cell, window } of inTime.sort((a, b) => a.window[0] - b.window[0])) {
    const key = `${cell.step} ${cell.repetition}`;
    const [from, to] = [window[0] / 1000, window[1] / 1000];
    const last = spans.at(-1);
    if (last?.key === key) spans.splice(-1, 1, { ...last, to: Math.max(last.to, to) });
    else spans.push({ key, from, to, label: askedLabel(cell.load) });
  }
  return spans.map(({ from, to, label }) => ({ from, to, label }));
}

/** The same in as few stretches as can be read, endpoint by endpoint. */
function tableOf(rows: readonly TimelineRow[], groups: readonly Group[]): Chart['table'] {
  const { bins } = binned(rows, groups, maxTableBins);
  const shown = [...loadMeasures, ...gpuMeasures].filter(({ of }) =>
    bins.some(bin => bin.groups.some(group => of(group) !== null)),
  );
  return {
    kind: 'table',
    caption: 'means over stretches of the run; timeline.csv has every second',
    columns: [
      right('from s'),
      right('to s'),
      left('endpoint'),
      ...shown.map(({ title }) => right(title)),
      ...troubleMeasures.map(({ title }) => right(title)),
    ],
    rows: bins.flatMap(bin =>
      groups.flatMap((group, i) => {
        const own = bin.groups[i];
        if (own === undefined) return [];
        return [
          [
            { text: String(bin.fromS) },
            { text: String(bin.toS) },
            { text: group.label },
            ...shown.map(({ of, format }) => {
              const value = of(own);
              return { text: value === null ? missing : format === 'ratio' ? formatRatio(value) : formatNumber(value) };
            }),
            ...troubleMeasures.map(({ of }) => ({ text: formatNumber(of(own) ?? 0) })),
          ],
        ];
      }),
    ),
  };
}

function middle({ fromS, toS }: Bin): number {
  return (fromS + toS) / 2;
}

function round(value: number | null): number | null {
  return value === null ? null : Number(value.toPrecision(4));
}
