/** What GPUs and model servers did meanwhile, beside the times of the same cells, and what that says. */
import type { CellResult, Run } from '../record/run.ts';
import type { Gap, GpuSourceSummary, ServerSourceSummary } from '../record/run-telemetry.ts';
import type { Diagnosis } from '../record/server-summary.ts';
import { loadLabel } from '../scenario/expand.ts';
import { formatBytes, formatDuration, formatRatio, missing, plural } from '../units.ts';
import type { Block, Column, TableCell } from './document.ts';
import { count, left, number, quantileCell, right, share } from './table-cells.ts';

/** One row a cell whose GPUs were seen: its times, and what they did in its window; `brief` for a narrow place. */
export function gpuTable(run: Run, brief: 'brief' | 'whole'): Block[] {
  const seen = run.cells.filter(({ gpu }) => gpu !== undefined).sort(byEndpoint);
  if (seen.length === 0) return [];
  const simulated = seen.some(({ gpu }) => gpu?.simulated);
  const columns = gpuColumns.filter(column => brief === 'whole' || column.isBrief);
  return [
    { kind: 'heading', text: `What the GPUs did meanwhile${simulated ? ' (simulated)' : ''}` },
    table(
      columns.map(({ of: _, isBrief: __, ...column }) => column),
      seen.map(cell => columns.map(({ of }) => of(cell))),
    ),
    { kind: 'paragraph', text: meaningOfBusy },
  ];
}

const meaningOfBusy =
  'Busy: the share of time in which any kernel ran (utilization.gpu). It does not say how much of the GPU worked: one small kernel at a time is 100 %, and a GPU at an eighth of what it can do shows about 94 %.';

function byEndpoint(a: CellResult, b: CellResult): number {
  return (
    a.target.name.localeCompare(b.target.name) ||
    a.workload.localeCompare(b.workload) ||
    a.step - b.step ||
    a.repetition - b.repetition
  );
}

interface GpuColumn extends Column {
  readonly of: (cell: CellResult) => TableCell;
  readonly isBrief?: true;
}

const gpuColumns: readonly GpuColumn[] = [
  { ...left('endpoint'), of: endpointCell, isBrief: true },
  { ...left('load'), of: loadCell, isBrief: true },
  { ...right('tokens/s'), of: cell => number(cell.rates.outputTokensPerS) },
  { ...right('p50', 'TTFT ms'), of: cell => quantileCell(cell.metrics.ttftMs, 'p50') },
  { ...right('p50', 'TPOT ms'), of: cell => quantileCell(cell.metrics.tpotMs, 'p50') },
  { ...right('p50', 'response ms'), of: cell => quantileCell(cell.metrics.responseTimeMs, 'p50') },
  { ...right('busy'), of: ({ gpu }) => share(gpu?.utilisationRatio?.mean ?? null), isBrief: true },
  { ...right('memory'), of: memoryCell },
  { ...right('W'), of: ({ gpu }) => number(gpu?.powerWatts?.mean ?? null), isBrief: true },
  { ...right('tokens/J'), of: perJoule(cell => cell.gpu?.tokensPerJoule), isBrief: true },
  { ...right('J/request'), of: perJoule(cell => cell.gpu?.joulesPerRequest) },
  { ...right('°C'), of: ({ gpu }) => number(gpu?.temperatureCelsius?.max ?? null) },
  { ...right('SM MHz'), of: ({ gpu }) => number(gpu?.smClockMHz?.mean ?? null) },
  { ...right('held down by'), of: heldDown },
];

function endpointCell({ target, workload, repetition, gpu }: CellResult): TableCell {
  const notes = [
    ...(gpu?.gaps ?? []),
    ...(gpu !== undefined && gpu.coverageRatio < 0.95
      ? [`samples tell of ${formatRatio(gpu.coverageRatio)} of the window; what they do not tell of is not made up`]
      : []),
  ];
  const text = `${target.name} ${workload}${repetition > 1 ? ` #${repetition}` : ''}`;
  return { text, ...(notes.length === 0 ? {} : { notes }) };
}

function loadCell({ load, order }: CellResult): TableCell {
  return { text: `${loadLabel(load)}${order === 'parallel' ? ' each' : ''}` };
}

function memoryCell({ gpu }: CellResult): TableCell {
  return { text: gpu?.memoryUsedBytes ? formatBytes(gpu.memoryUsedBytes.max) : missing };
}

function perJoule(of: (cell: CellResult) => number | null | undefined): (cell: CellResult) => TableCell {
  return cell => {
    const shared = cell.gpu?.sharedWith ?? [];
    const notes = shared.length === 0 ? {} : { notes: [`its GPU was shared with ${shared.join(', ')}`] };
    return { ...number(of(cell) ?? null), ...notes };
  };
}

/** The reason that held the clocks down for longest. */
function heldDown({ gpu }: CellResult): TableCell {
  const reasons = gpu?.throttledRatio;
  if (reasons === undefined || reasons === null) return { text: missing };
  const [worst] = Object.entries(reasons).sort(([, a], [, b]) => (b ?? 0) - (a ?? 0));
  return worst === undefined ? { text: 'nothing' } : { text: `${worst[0]} ${formatRatio(worst[1] ?? 0)}` };
}

/** Where the servers say the time went: from their answers, and from their metrics. */
export function serverTables(run: Run): Block[] {
  const told = run.cells.filter(({ metrics }) => metrics.queueMs.n > 0);
  const asked = run.cells.filter(({ server }) => server !== undefined);
  return [
    ...(told.length === 0
      ? []
      : [
          { kind: 'heading' as const, text: 'Where the time went, by the answers’ own headers (means)' },
          table(
            [
              left('endpoint'),
              left('load'),
              right('answers'),
              right('service ms'),
              right('network and gateway'),
              right('queue'),
              right('inference'),
            ],
            told.map(cell => [
              { text: endpointCell(cell).text },
              loadCell(cell),
              count(cell.metrics.queueMs.n),
              number(cell.metrics.serviceTimeMs.mean),
              number(cell.metrics.networkMs.mean),
              number(cell.metrics.queueMs.mean),
              number(cell.metrics.inferenceMs.mean),
            ]),
          ),
        ]),
    ...(asked.length === 0
      ? []
      : [
          { kind: 'heading' as const, text: 'What the model servers said of themselves' },
          table(
            [
              left('endpoint'),
              left('load'),
              right('asked'),
              right('mean', 'queue'),
              right('most', 'queue'),
              right('mean', 'batch'),
              right('most', 'batch'),
              right('queue', 'mean ms'),
              right('inference', 'mean ms'),
            ],
            asked.map(serverRow),
          ),
        ]),
  ];
}

function serverRow(cell: CellResult): TableCell[] {
  const { server } = cell;
  const { samples = 0, missed = 0, gaps = [] } = server ?? {};
  return [
    { text: endpointCell(cell).text, ...(gaps.length === 0 ? {} : { notes: gaps }) },
    loadCell(cell),
    { text: `${samples + missed}${missed === 0 ? '' : ` (${missed} in vain)`}` },
    number(server?.queueSize?.mean ?? null),
    number(server?.queueSize?.max ?? null),
    number(server?.batchSize?.mean ?? null),
    number(server?.batchSize?.max ?? null),
    number(server?.queueMs ?? null),
    number(server?.inferenceMs ?? null),
  ];
}

function table(columns: readonly Column[], rows: readonly (readonly TableCell[])[]): Block {
  return { kind: 'table', caption: '', columns, rows };
}

/** What kept each cell from being faster: one item a finding, with the cells it holds for and the evidence of the worst. */
export function diagnoses(run: Run): Block[] {
  const all = run.cells.flatMap(cell => (cell.diagnoses ?? []).map(diagnosis => ({ cell, diagnosis })));
  if (all.length === 0) return [];
  const texts = [...new Set(all.map(({ diagnosis }) => diagnosis.text))];
  const items = texts.map(text =>
    diagnosisItem(
      text,
      all.filter(each => each.diagnosis.text === text),
    ),
  );
  return [
    { kind: 'heading', text: 'What held it back' },
    { kind: 'list', items },
  ];
}

function diagnosisItem(text: string, found: readonly { cell: CellResult; diagnosis: Diagnosis }[]): string {
  const last = found.at(-1);
  const names = found.map(({ cell }) => `${cell.target.name} at ${loadLabel(cell.load)}`);
  const where =
    names.length <= 3 ? names.join(', ') : `${names.slice(0, 2).join(', ')} and ${names.length - 2} more cells`;
  const whose = names.length > 1 ? ` (${names.at(-1)})` : '';
  return `${text} ${where}. Evidence${whose}: ${last?.diagnosis.evidence.join('; ')}`;
}

/** How well was watched: sources, gaps, clocks, and what the watching itself asked of a gateway. */
export function watchedItems(run: Run): string[] {
  const { gpu = [], servers = [] } = run.telemetry ?? {};
  const isAbsent = ({ answered, gaps }: ServerSourceSummary) => answered === 0 && gaps.some(gap => gap.absent);
  const absent = servers.filter(isAbsent);
  const asked = servers.filter(server => !isAbsent(server));
  return [
    ...gpu.flatMap(gpuSourceText),
    ...asked.map(server => serverText(server, run)),
    ...(absent.length === 0
      ? []
      : [`model servers not asked, for no metrics page was found: ${absent.map(({ target }) => target).join(', ')}`]),
  ];
}

function gpuSourceText({ source, simulated, samples, devices, gaps, clockAheadMs }: GpuSourceSummary): string[] {
  const absent = gaps.find(gap => gap.absent);
  if (absent !== undefined && samples === 0) return [`GPUs were not watched: ${absent.text}`];
  const names = [...new Set(devices.map(({ name }) => name).filter(name => name !== undefined))];
  const what = `${plural(samples, 'sample')} of ${plural(devices.length, 'GPU')}${names.length === 0 ? '' : ` (${names.join(', ')})`}`;
  const clock = clockAheadMs === null ? '' : `; its clock seemed ${aheadText(clockAheadMs)}, which was not used`;
  return [`GPUs by ${source}${simulated ? ', simulated' : ''}: ${what}${clock}${gapsText(gaps)}`];
}

/** A difference of wall clocks: what may be a time zone, and the rest. */
function aheadText(aheadMs: number): string {
  const quarterMs = 15 * 60_000;
  const zoneMs = Math.round(aheadMs / quarterMs) * quarterMs;
  const rest = aheadMs - zoneMs;
  const zone = zoneMs === 0 ? '' : `${zoneMs > 0 ? '+' : '−'}${formatDuration(Math.abs(zoneMs))} (a time zone) and `;
  return `${zone}${rest < 0 ? '−' : '+'}${formatDuration(Math.abs(rest))} off ours as samples arrived`;
}

function gapsText(gaps: readonly Gap[]): string {
  if (gaps.length === 0) return '';
  const texts = gaps.map(({ fromMs, toMs, text }) => {
    const until = toMs === null ? 'to the end' : `to ${formatDuration(toMs)}`;
    return `from ${formatDuration(fromMs)} ${until}: ${text}`;
  });
  return `; nothing ${texts.join('; nothing ')}`;
}

function serverText({ target, answered, missed, gaps }: ServerSourceSummary, run: Run): string {
  const asked = answered + missed;
  const own = run.cells.filter(cell => cell.target.name === target);
  const sent = own.reduce((sum, { counts, warmupRequests }) => sum + counts.due - counts.dropped + warmupRequests, 0);
  const part = `${formatRatio(asked / Math.max(1, asked + sent))} of all that its gateway was asked`;
  return `model server of ${target}: asked ${plural(asked, 'time')}, ${answered} answered; ${part}${gapsText(gaps)}`;
}
