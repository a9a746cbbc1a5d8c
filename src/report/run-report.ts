/** What a run says: the verdict and the headline first, then the endpoints side by side, step by step. */
import { metrics } from '../record/metrics.ts';
import type { CellResult, Floor, Remark, Run, Validity } from '../record/run.ts';
import type { QuantileKey } from '../record/summary.ts';
import { askedLabel, loadLabel } from '../scenario/expand.ts';
import { formatBytes, formatDuration, formatNumber, formatRatio, missing, plural } from '../units.ts';
import type { Block, Column, Document, Table, TableCell } from './document.ts';
import { count, left, number, quantileCell, right, share } from './table-cells.ts';
import { costOfSizes, lengths, retries, withParts, wordCounts } from './workload-tables.ts';

/** The whole report of a run. */
export function runReport(run: Run): Document {
  return {
    title: `${run.scenario.name} · ${run.id}`,
    blocks: [
      ...verdict(run),
      ...comparison(run),
      ...costOfSizes(run),
      ...retries(run),
      ...objectives(run),
      ...failures(run),
      ...remarks(run),
      ...lengths(run),
      ...environment(run),
      ...definitions(),
    ],
  };
}

/** What a terminal shows when a run ends: the same numbers without the appendix. */
export function runOverview(run: Run): Document {
  const tables = [...comparison(run), ...costOfSizes(run), ...retries(run)].map(block =>
    block.kind === 'table' ? withoutEmptyColumns(block) : block,
  );
  return {
    title: `${run.scenario.name} · ${run.id}`,
    blocks: [...verdict(run), ...tables, ...objectives(run), ...failures(run), ...remarks(run)],
  };
}

/** A table without the columns in which nothing stands, and without the notes that say why. */
function withoutEmptyColumns(table: Table): Table {
  const isFull = (i: number) => table.rows.some(row => row[i]?.text !== missing);
  const kept = table.columns.map((_, i) => i).filter(isFull);
  return {
    ...table,
    columns: kept.map(i => table.columns[i] as Column),
    rows: table.rows.map(row => kept.map(i => row[i] as TableCell)),
  };
}

function verdict(run: Run): Block[] {
  const { verdict, reasons } = run.validity;
  const blocks: Block[] = [];
  if (verdict !== 'valid') {
    const meaning =
      verdict === 'invalid'
        ? 'INVALID: the generator could not keep up, do not use these numbers'
        : 'SUSPECT: the generator or the embedded service was late at times';
    blocks.push({ kind: 'paragraph', text: meaning }, { kind: 'list', items: reasons.map(remarkText) });
  }
  if (run.status !== 'complete') {
    const lost = run.unaccounted > 0 ? `; ${plural(run.unaccounted, 'request')} sent and never ended` : '';
    blocks.push({ kind: 'paragraph', text: unfinished(run) + lost });
  }
  if (run.environment.service.simulated) {
    blocks.push({
      kind: 'paragraph',
      text: `Simulated: the target was the embedded service with a modelled ${run.scenario.service.embedded.gpu}, not a GPU.`,
    });
  }
  return [...blocks, { kind: 'paragraph', text: headline(run) }];
}

function unfinished({ status, stopRule }: Run): string {
  switch (status) {
    case 'failed':
      return 'FAILED: the run was broken off';
    case 'stopped':
      return `STOPPED: stopIf ended the run before its end: ${stopRule}`;
    default:
      return 'INTERRUPTED: the run did not come to its end';
  }
}

function headline(run: Run): string {
  const due = sum(run.cells, cell => cell.counts.due);
  const ok = sum(run.cells, cell => cell.counts.ok);
  const names = new Set(run.cells.map(cell => cell.target.name));
  const fastest = run.cells.reduce<CellResult | undefined>(
    (best, cell) => ((cell.rates.outputTokensPerS ?? -1) > (best?.rates.outputTokensPerS ?? -1) ? cell : best),
    undefined,
  );
  const most = fastest?.rates.outputTokensPerS;
  const peak =
    fastest === undefined || most === undefined || most === null
      ? ''
      : `; most tokens: ${formatNumber(most)}/s at ${fastest.target.name}, ${loadLabel(fastest.load)}`;
  return `${plural(names.size, 'endpoint')}, ${plural(run.cells.length, 'cell')}, ${plural(due, 'request')} measured, ${due === 0 ? missing : formatRatio(ok / due)} ok${peak}.`;
}

/** One table a step, one row an endpoint. */
function comparison(run: Run): Block[] {
  const steps = [...new Set(run.cells.map(cell => cell.step))];
  return steps.flatMap(step => {
    const cells = run.cells
      .filter(cell => cell.step === step)
      .sort(
        (a, b) =>
          a.target.name.localeCompare(b.target.name) ||
          a.workload.localeCompare(b.workload) ||
          a.repetition - b.repetition,
      );
    const first = cells[0] as CellResult;
    const by = run.scenario.load.steps[step]?.driver === 'autocannon' ? ' over autocannon' : '';
    // With per: model the endpoints of one step may be asked for different numbers: then each row says its own.
    const differ = new Set(cells.map(cell => askedLabel(cell.load))).size > 1;
    const asked = (differ ? 'as many as each row says' : askedLabel(first.load)) + by;
    const how =
      first.order === 'parallel'
        ? `${asked}${differ ? '' : ' each'}, all endpoints at once`
        : `${asked}, one endpoint at a time`;
    return [{ kind: 'heading' as const, text: how }, endpointTable(cells.flatMap(withParts), differ)];
  });
}

interface EndpointColumn extends Column {
  readonly of: (cell: CellResult) => TableCell;
}

const quantileColumns = (
  group: string,
  metric: keyof CellResult['metrics'],
  keys: readonly QuantileKey[],
): EndpointColumn[] => keys.map(key => ({ ...right(key, group), of: cell => quantileCell(cell.metrics[metric], key) }));

const endpointColumns: readonly EndpointColumn[] = [
  { label: 'endpoint', align: 'left', of: endpointCell },
  { ...right('ok'), of: cell => count(cell.counts.ok) },
  { ...right('req/s'), of: cell => number(cell.rates.achievedPerS) },
  { ...right('tokens/s'), of: cell => number(cell.rates.outputTokensPerS) },
  ...quantileColumns('TTFT ms', 'ttftMs', ['p50', 'p95', 'p99']),
  ...quantileColumns('ITL ms', 'itlMs', ['p50', 'p99']),
  ...quantileColumns('TPOT ms', 'tpotMs', ['p50', 'p95']),
  ...quantileColumns('response ms', 'responseTimeMs', ['p50', 'p95', 'p99']),
  { ...right('429'), of: ({ rates }) => share(refusedRatio(rates)) },
  { ...right('403'), of: cell => share(cell.rates.forbiddenRatio) },
  { ...right('errors'), of: cell => share(cell.rates.errorRatio) },
];

/** By the gateway or by the model server. */
function refusedRatio({ rateLimitedRatio, overloadedRatio }: CellResult['rates']): number | null {
  return rateLimitedRatio === null ? null : rateLimitedRatio + (overloadedRatio ?? 0);
}

function endpointTable(cells: readonly CellResult[], showsLoad: boolean): Table {
  const several = new Set(cells.map(cell => cell.workload)).size > 1;
  return {
    kind: 'table',
    caption: '',
    columns: endpointColumns.map(({ of: _, ...column }) => column),
    rows: cells.map(cell =>
      endpointColumns.map(({ of }, i) => {
        const shown = of(cell);
        if (i > 0) return shown;
        const names = [shown.text, ...(several ? [cell.workload] : []), ...(showsLoad ? [askedLabel(cell.load)] : [])];
        return { ...shown, text: names.join(' ') };
      }),
    ),
  };
}

function endpointCell(cell: CellResult): TableCell {
  const notes = [
    ...(cell.validity.verdict === 'valid'
      ? []
      : [`${cell.validity.verdict}: ${cell.validity.reasons.map(({ subject, text }) => subject ?? text).join('; ')}`]),
    ...cell.findings.map(remarkText),
  ];
  const repetition = cell.repetition > 1 ? ` #${cell.repetition}` : '';
  return { text: cell.target.name + repetition, ...(notes.length > 0 ? { notes } : {}) };
}

/** One row an objective: how many cells held it, and the one that came closest to missing it or missed it by most. */
function objectives(run: Run): Block[] {
  const judged = run.cells.flatMap(cell => cell.objectives.map(objective => ({ cell, ...objective })));
  const rows = [...new Set(judged.map(({ text }) => text))].map(text => {
    const results = judged.filter(result => result.text === text);
    const cellsWhere = (held: boolean | null) => results.filter(result => result.held === held).length;
    const { comparator } = run.scenario.objectives.find(objective => objective.text === text) ?? {};
    const sign = comparator?.startsWith('>') ? -1 : 1;
    const [worst] = results
      .filter(({ measured }) => measured !== null)
      .sort((a, b) => sign * ((b.measured ?? 0) - (a.measured ?? 0)));
    return [
      { text },
      { text: cellsWhere(false) > 0 ? 'MISSED' : cellsWhere(null) === results.length ? 'not enough data' : 'held' },
      { text: `${cellsWhere(true)} of ${results.length}` },
      { text: String(cellsWhere(null)) },
      { text: worst?.measured === undefined || worst.measured === null ? missing : formatNumber(worst.measured) },
      { text: worst === undefined ? missing : `${worst.cell.target.name}, ${loadLabel(worst.cell.load)}` },
    ];
  });
  if (rows.length === 0) return [];
  const columns: Column[] = [
    left('objective'),
    left('result'),
    right('cells held'),
    right('unjudged'),
    right('worst'),
    left('where'),
  ];
  return [
    { kind: 'heading', text: 'Objectives' },
    { kind: 'table', caption: '', columns, rows },
  ];
}

function failures(run: Run): Block[] {
  const rows = run.cells.flatMap(cell =>
    cell.examples.map(example => [
      { text: `${cell.target.name}, ${loadLabel(cell.load)}` },
      { text: example.kind },
      count(example.count),
      { text: example.status === undefined ? missing : String(example.status) },
      { text: example.by ?? missing },
      { text: example.detail ?? '' },
    ]),
  );
  if (rows.length === 0) return [];
  const columns = [
    left('cell'),
    left('outcome'),
    right('count'),
    left('status'),
    left('said by'),
    left('what was said'),
  ];
  return [
    { kind: 'heading', text: 'What went wrong' },
    { kind: 'table', caption: '', columns, rows },
  ];
}

function remarks(run: Run): Block[] {
  return run.findings.length === 0
    ? []
    : [
        { kind: 'heading', text: 'Noticed' },
        { kind: 'list', items: run.findings.map(remarkText) },
      ];
}

function environment(run: Run): Block[] {
  const { harness, node, host, git, service, fingerprint } = run.environment;
  const { limits, load, seed } = run.scenario;
  return [
    { kind: 'heading', text: 'How it was measured' },
    {
      kind: 'list',
      items: [
        `service: ${service.url}${service.simulated ? ' (embedded, simulated)' : ''}`,
        ...(service.floorMs ?? []).map(floorText),
        `scenario: ${run.scenario.name}, seed ${seed}, ${plural(load.repetitions, 'repetition')}; limit ${limits.concurrentPerModel ?? 'none'} in flight per model, request timeout ${formatDuration(limits.requestTimeoutMs)}`,
        ...wordCounts(run),
        `generator: tgi-bench ${harness}, Node ${node}, ${host.cpu}, ${plural(host.cores, 'core')}, ${formatBytes(host.memoryBytes)}${git.commit === undefined ? '' : `, git ${git.commit.slice(0, 12)}`}`,
        `started ${run.startedAt}, ended ${run.endedAt ?? missing}; fingerprint ${fingerprint}`,
        `validity: ${validityText(run.validity)}`,
      ],
    },
  ];
}

/** What of a response time is not the model's. */
function floorText({ service, path, connections, n, p50, p95 }: Floor): string {
  const tail = p95 === null ? '' : `, p95 ${formatNumber(p95)} ms`;
  const way =
    p50 === null ? `unknown, with ${plural(n, 'answer')} of the gateway` : `p50 ${formatNumber(p50)} ms${tail}`;
  return `the way to ${service} and back: ${way} (GET ${path}, ${plural(n, 'request')}, ${connections} at once)`;
}

function definitions(): Block[] {
  return [
    { kind: 'heading', text: 'What the numbers mean' },
    {
      kind: 'list',
      items: [
        ...metrics.map(({ symbol, unit, definition }) => `${symbol} (${unit}): ${definition}`),
        'req/s and tokens/s: what ended and what arrived inside the window of the cell, per second of it',
        '429, 403, errors: share of all requests sent. Refusals stand outside the quantiles; a request that was taken and never finished counts in them as slower than any that was',
      ],
    },
  ];
}

function validityText({ verdict, reasons }: Validity): string {
  return reasons.length === 0 ? verdict : `${verdict} (${reasons.map(remarkText).join('; ')})`;
}

function remarkText({ text, advice }: Remark): string {
  return advice === undefined ? text : `${text}. ${advice[0]?.toUpperCase()}${advice.slice(1)}`;
}

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0);
}
