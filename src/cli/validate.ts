import { longestMs as longestSearchMs, mostProbes, mostRequests } from '../analysis/capacity/search.ts';
import { type ExitCode, exitCodes } from '../errors.ts';
import { quantiles } from '../record/summary.ts';
import type { Column, Document, TableCell } from '../report/document.ts';
import { terminal } from '../report/terminal.ts';
import { planOf } from '../run/search.ts';
import { openWorkloads } from '../run/workloads.ts';
import { type Cell, expand, loadLabel } from '../scenario/expand.ts';
import { searchedPairings } from '../scenario/probe-cell.ts';
import type { Scenario } from '../scenario/resolve.ts';
import type { Search } from '../scenario/search.ts';
import { smallestSample } from '../stats/quantile.ts';
import { formatDuration, missing, plural } from '../units.ts';
import { type Io, say } from './io.ts';
import { loadScenarios, type ScenarioArguments } from './scenario-source.ts';

export interface ValidateArguments extends ScenarioArguments {
  readonly plan?: boolean | undefined;
  readonly json?: boolean | undefined;
}

/** `tgi-bench validate`: checks scenarios without sending anything and, with --plan, says what they would do. */
export async function validate(args: ValidateArguments, io: Io): Promise<ExitCode> {
  const loaded = loadScenarios(args, io);
  for (const { scenario, assets } of loaded) await openWorkloads(scenario, assets);
  const plans = loaded.map(({ scenario }) => ({ scenario, cells: expand(scenario), ...searchOf(scenario) }));
  if (args.json) say(io.stdout, JSON.stringify(plans));
  else {
    for (const { scenario, cells, searches } of plans) {
      if (args.plan) {
        const document = searches === undefined ? planDocument(scenario, cells) : searchDocument(scenario, searches);
        say(io.stdout, terminal(document, { width: io.stdout.columns, colour: io.stdout.colour }));
      } else {
        const what =
          searches === undefined ? plural(cells.length, 'cell') : `${plural(searches.length, 'limit')} to find`;
        say(io.stdout, `${scenario.name}: valid, ${what}`);
      }
    }
  }
  return exitCodes.done;
}

/** What a search would cost at most, at each endpoint with each workload. */
interface PlannedSearch {
  readonly target: string;
  readonly workload: string;
  readonly probes: number;
  readonly requests: number;
  /** Only of a search over the rate: a closed loop takes as long as its answers do. */
  readonly ms?: { readonly nearFrom: number; readonly nearTo: number };
}

function searchOf(scenario: Scenario): { readonly searches?: readonly PlannedSearch[] } {
  const { search } = scenario.load;
  if (search === undefined) return {};
  const plan = planOf(search);
  const ms = { nearFrom: longestSearchMs(plan, search.from), nearTo: longestSearchMs(plan, search.to) };
  const cost = { probes: mostProbes(plan), requests: mostRequests(plan) };
  return {
    searches: searchedPairings(scenario, search).map(({ target, workload }) => ({
      target: target.name,
      workload,
      ...cost,
      ...(search.over === 'ratePerS' ? { ms } : {}),
    })),
  };
}

/** What a scenario with a search would do, and what that costs. */
function searchDocument(scenario: Scenario, searches: readonly PlannedSearch[]): Document {
  const { objective, over, from, to, lowest } = scenario.load.search as Search;
  const unit = over === 'ratePerS' ? 'requests a second' : 'requests in flight';
  const time = (of: 'nearFrom' | 'nearTo'): Column & { cell: (search: PlannedSearch) => TableCell } => ({
    label: `at most, limit near ${of === 'nearFrom' ? from : to}`,
    align: 'right',
    cell: ({ ms }) => ({ text: ms === undefined ? missing : formatDuration(ms[of]) }),
  });
  const columns: (Column & { cell: (search: PlannedSearch) => TableCell })[] = [
    { label: 'endpoint', align: 'left', cell: ({ target }) => ({ text: target }) },
    { label: 'workload', align: 'left', cell: ({ workload }) => ({ text: workload }) },
    { label: 'probes', align: 'right', cell: ({ probes }) => ({ text: `≤ ${probes}` }) },
    { label: 'requests', align: 'right', cell: ({ requests }) => ({ text: `≤ ${requests.toLocaleString('en-US')}` }) },
    time('nearFrom'),
    time('nearTo'),
  ];
  const least =
    over === 'ratePerS'
      ? `where ${from} fails as well, lower rates are tried, down to ${lowest}, which take longer`
      : 'how long it takes depends on the answers';
  return {
    title: `${scenario.name}: the plan`,
    blocks: [
      {
        kind: 'paragraph',
        text: `${plural(searches.length, 'limit')} to find, one after another: the highest load that holds ${objective.text}, from ${from} to ${to} ${unit}; warm-up, a quarter of the time unless the scenario says otherwise, and drain not counted; ${least}.`,
      },
      {
        kind: 'table',
        caption: '',
        columns: columns.map(({ cell: _, ...column }) => column),
        rows: searches.map(search => columns.map(({ cell }) => cell(search))),
      },
    ],
  };
}

/** What a scenario would do: its cells, how long and how many, and which quantiles that is enough for. */
function planDocument(scenario: Scenario, cells: readonly Cell[]): Document {
  const stages = new Map<number, number>();
  for (const cell of cells) stages.set(cell.stage, Math.max(stages.get(cell.stage) ?? 0, longestMs(cell) ?? 0));
  const bounded = cells.every(cell => longestMs(cell) !== undefined);
  const allMs = [...stages.values()].reduce((a, b) => a + b, 0);
  const requests = cells.map(requestsOf);
  const known = requests.filter(count => count !== undefined).reduce((a, b) => a + b, 0);
  return {
    title: `${scenario.name}: the plan`,
    blocks: [
      {
        kind: 'paragraph',
        text: `${plural(cells.length, 'cell')} in ${plural(stages.size, 'stage')}, ${requests.includes(undefined) ? 'at least ' : ''}${plural(known, 'measured request')}; ${bounded ? `at most ${formatDuration(allMs)}` : 'no bound on the time (steps without atMost end by their requests)'}, warm-up and drain not counted${goesOn(cells)}; at most ${peakInFlight(cells)} in flight.`,
      },
      {
        kind: 'table',
        caption: '',
        columns: [
          { label: 'cell', align: 'right' },
          { label: 'endpoint', align: 'left' },
          { label: 'workload', align: 'left' },
          { label: 'load', align: 'left' },
          { label: 'order', align: 'left' },
          { label: 'requests', align: 'right' },
          { label: 'at most', align: 'right' },
          { label: 'quantiles', align: 'left' },
        ],
        rows: cells.map((cell, i) => [
          { text: String(cell.index) },
          { text: cell.target.name },
          { text: cell.workload },
          { text: loadLabel(cell.load) },
          { text: cell.order },
          { text: requests[i]?.toLocaleString('en-US') ?? missing },
          { text: formatDuration(longestMs(cell) ?? Number.NaN) },
          { text: quantilesFor(requests[i]) },
        ]),
      },
    ],
  };
}

/** In a parallel step that ends by requests who is done first sends more than it was asked for. */
function goesOn(cells: readonly Cell[]): string {
  const isShared = ({ stage, index }: Cell) => cells.some(other => other.stage === stage && other.index !== index);
  const such = cells.some(cell => cell.end.requests !== undefined && isShared(cell));
  return such ? ', nor what endpoints of a parallel step send until the last of them is done' : '';
}

/** How long a cell is measured at most: by its end, or by a schedule without chance in it. */
function longestMs({ end, load }: Cell): number | undefined {
  const isByChance = load.kind === 'closed' || load.arrivals === 'poisson' || load.arrivals === 'gamma';
  if (isByChance || end.requests === undefined) return end.durationMs;
  return Math.min(end.durationMs ?? Number.POSITIVE_INFINITY, (end.requests * 1000) / load.ratePerS);
}

/** How many requests a cell will measure, where that is known beforehand. */
function requestsOf({ end, load }: Cell): number | undefined {
  if (end.requests !== undefined) return end.requests;
  return load.kind === 'open' && end.durationMs !== undefined
    ? Math.round((load.ratePerS * end.durationMs) / 1000)
    : undefined;
}

function quantilesFor(requests: number | undefined): string {
  if (requests === undefined) return 'as many requests as fit';
  const possible = Object.entries(quantiles).filter(([, q]) => requests >= smallestSample(q));
  return possible.at(-1)?.[0] === undefined ? 'none' : `up to ${possible.at(-1)?.[0]}`;
}

/** The most requests in flight at once over all endpoints of a stage; unbounded for an open loop without a limit. */
function peakInFlight(cells: readonly Cell[]): string {
  const byStage = new Map<number, number>();
  for (const { stage, load } of cells) {
    const most =
      load.kind === 'closed' ? load.effectiveConcurrency : (load.effectiveMaxInFlight ?? Number.POSITIVE_INFINITY);
    byStage.set(stage, (byStage.get(stage) ?? 0) + most);
  }
  const peak = Math.max(...byStage.values());
  return Number.isFinite(peak) ? peak.toLocaleString('en-US') : 'any number';
}
