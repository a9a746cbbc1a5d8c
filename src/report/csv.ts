import { stringify } from 'csv-stringify/sync';
import { outcomeKinds } from '../protocol/outcome.ts';
import { metrics, valuesIn } from '../record/metrics.ts';
import type { RequestRecord } from '../record/request-record.ts';
import type { CellResult, Run } from '../record/run.ts';
import { quantiles } from '../record/summary.ts';
import type { TimelineRow } from '../record/timeline.ts';
import { loadLabel } from '../scenario/expand.ts';
import { type Table, visible } from './document.ts';

type Value = string | number | boolean | null | undefined;
type Row = Readonly<Record<string, Value>>;

/** Rows as CSV lines, the keys of the first as the header where one is wanted. Missing values are empty, never 0. */
export function csv(rows: readonly Row[], options: { readonly header: boolean }): string {
  return stringify(rows as Row[], { header: options.header, escape_formulas: true, cast: { boolean: String } });
}

/** Text that stands in CSV as it is: nothing to quote in it, and nothing that a spreadsheet takes for a formula. */
const plain = /^(?:[\w/][\w/.: -]*)?$/;

type RequestColumn = readonly [name: string, of: (record: RequestRecord) => Value];

/** `requests.csv`: a column for each thing told of a request; the times of its tokens stay in `requests.jsonl`. */
const requestColumns: readonly RequestColumn[] = [
  ['seq', record => record.seq],
  ['cell', record => record.cell],
  ['phase', record => record.phase],
  ['target', record => record.target],
  ['workload', record => record.workload],
  ['variant', record => record.variant],
  ['dueMs', record => record.dueMs],
  ['sentMs', record => record.sentMs],
  ['connectionWaitMs', record => record.connectionWaitMs],
  ['headersMs', record => record.headersMs],
  ['firstTokenMs', record => record.tokenTimesMs[0]],
  ['lastTokenMs', record => record.tokenTimesMs.at(-1)],
  ['endMs', record => record.endMs],
  ...metrics
    .filter(({ name }) => name !== 'itlMs')
    .map((metric): RequestColumn => [metric.name, record => rounded(valuesIn(metric, record)[0])]),
  ['askedInputTokens', record => record.askedInputTokens],
  ['inputTokens', record => record.inputTokens],
  ['outputTokens', record => record.outputTokens],
  ['tokensFrom', record => record.tokensFrom],
  ['finishReason', record => record.finishReason],
  ['outcome', record => record.outcome.kind],
  ['status', record => record.outcome.status],
  ['by', record => record.outcome.by],
  ['detail', record => record.outcome.detail],
  ['requestBytes', record => record.requestBytes],
  ['requestId', record => record.requestId],
];

/** `requests.csv`, some of it: one row a request. */
export function requestLines(records: readonly RequestRecord[], options: { readonly header: boolean }): string {
  let lines = options.header ? `${requestColumns.map(([name]) => name).join(',')}\n` : '';
  for (const record of records) {
    let line = '';
    // Of millions of rows nearly every value is plain, and a library that looks at each of them takes twice as long.
    for (const [, of] of requestColumns) line += `${line === '' ? '' : ','}${valueText(of(record))}`;
    lines += `${line}\n`;
  }
  return lines;
}

function valueText(value: Value): string {
  if (value === undefined || value === null) return '';
  if (typeof value !== 'string') return String(value);
  return plain.test(value) ? value : csv([{ value }], { header: false }).slice(0, -1);
}

/** `summary.csv`: one row a cell. */
export function summaryRows(run: Run): Row[] {
  return run.cells.map(cell => ({
    validity: cell.validity.verdict,
    validityReasons: cell.validity.reasons.map(({ text }) => text).join('; '),
    cell: cell.index,
    target: cell.target.name,
    model: cell.target.model,
    gpu: cell.target.gpu,
    workload: cell.workload,
    load: cell.load.kind,
    concurrency: cell.load.kind === 'closed' ? cell.load.concurrency : undefined,
    effectiveConcurrency: cell.load.kind === 'closed' ? cell.load.effectiveConcurrency : undefined,
    ratePerS: cell.load.kind === 'open' ? cell.load.ratePerS : undefined,
    loadLabel: loadLabel(cell.load),
    order: cell.order,
    repetition: cell.repetition,
    windowMs: cell.windowMs === null ? undefined : rounded(cell.windowMs[1] - cell.windowMs[0]),
    simulated: run.environment.service.simulated,
    due: cell.counts.due,
    ...Object.fromEntries(outcomeKinds.map(kind => [kind, cell.counts[kind]])),
    ...Object.fromEntries(Object.entries(cell.rates).map(([name, value]) => [name, rounded(value)])),
    ...Object.fromEntries(
      metrics.flatMap(({ name }) => [
        [`${name}.n`, cell.metrics[name].n],
        [`${name}.mean`, rounded(cell.metrics[name].mean)],
        ...(Object.keys(quantiles) as (keyof typeof quantiles)[]).map(key => [
          `${name}.${key}`,
          rounded(cell.metrics[name][key]),
        ]),
        [`${name}.censored`, cell.metrics[name].censored],
      ]),
    ),
    ...gpuColumns(cell),
    askedInputTokensMean: rounded(cell.tokens.askedInputMean),
    inputTokensMean: rounded(cell.tokens.inputMean),
    outputTokensMean: rounded(cell.tokens.outputMean),
    endedByLengthRatio: rounded(cell.tokens.endedByLengthRatio),
  }));
}

function gpuColumns({ gpu, server }: CellResult): Row {
  return {
    'gpu.utilisationRatio.mean': rounded(gpu?.utilisationRatio?.mean),
    'gpu.utilisationRatio.max': rounded(gpu?.utilisationRatio?.max),
    'gpu.memoryUsedBytes.max': rounded(gpu?.memoryUsedBytes?.max),
    'gpu.powerWatts.mean': rounded(gpu?.powerWatts?.mean),
    'gpu.energyJoules': rounded(gpu?.energyJoules),
    'gpu.tokensPerJoule': rounded(gpu?.tokensPerJoule),
    'gpu.joulesPerRequest': rounded(gpu?.joulesPerRequest),
    'gpu.temperatureCelsius.max': rounded(gpu?.temperatureCelsius?.max),
    'gpu.smClockMHz.mean': rounded(gpu?.smClockMHz?.mean),
    'gpu.throttledRatio':
      gpu?.throttledRatio == null ? undefined : rounded(Math.max(0, ...Object.values(gpu.throttledRatio))),
    'gpu.coverageRatio': rounded(gpu?.coverageRatio),
    'gpu.simulated': gpu?.simulated,
    'server.queueSize.mean': rounded(server?.queueSize?.mean),
    'server.batchSize.mean': rounded(server?.batchSize?.mean),
  };
}

/** `timeline.csv`: one row a second and target. */
export function timelineRows(rows: readonly TimelineRow[]): Row[] {
  return rows.map(({ counts, gpu, ...row }) => ({
    ...row,
    ...counts,
    gpuUtilisationRatio: rounded(gpu?.utilisationRatio),
    gpuMemoryUsedBytes: rounded(gpu?.memoryUsedBytes),
    gpuPowerWatts: rounded(gpu?.powerWatts),
    gpuTemperatureCelsius: rounded(gpu?.temperatureCelsius),
    gpuSmClockMHz: rounded(gpu?.smClockMHz),
    gpuSimulated: gpu?.simulated,
  }));
}

function rounded(value: number | null | undefined): number | undefined {
  return value === null || value === undefined ? undefined : Math.round(value * 1e6) / 1e6;
}

/** A table of a document as CSV, its numbers as they were before they were rounded for people. */
export function tableCsv({ columns, rows }: Table): string {
  const labels = columns.map(({ group, label }) => (group === undefined ? label : `${group} ${label}`));
  const cells = rows.map(row => row.map(({ text, value }) => (value === undefined ? visible(text) : value)));
  return stringify([labels.map(visible), ...cells], { escape_formulas: true });
}
