/** What a reader needs first: whether the numbers can be used, and what they come to. */

import type { CellResult, Run } from '../record/run.ts';
import { embeddedUrl, simulatedGpu } from '../record/simulated-service.ts';
import { loadLabel } from '../scenario/expand.ts';
import { formatDuration, formatNumber, formatRatio, missing, plural } from '../units.ts';
import type { Block, Figure } from './document.ts';
import { cellNotes, remarkText } from './remarks.ts';

/** Whether the numbers can be used, where they come from, and the run in a sentence: before anything else. */
export function verdict(run: Run): Block[] {
  const { verdict, reasons } = run.validity;
  const blocks: Block[] = [];
  if (verdict !== 'valid') {
    const meaning =
      verdict === 'invalid'
        ? 'INVALID: the generator could not keep up, do not use these numbers'
        : 'SUSPECT: the generator or the embedded service was late at times';
    blocks.push({
      kind: 'callout',
      tone: verdict === 'invalid' ? 'bad' : 'doubt',
      text: meaning,
      items: reasons.map(remarkText),
    });
  }
  if (run.status !== 'complete') {
    const lost = run.unaccounted > 0 ? `; ${plural(run.unaccounted, 'request')} sent and never ended` : '';
    blocks.push({ kind: 'callout', tone: run.status === 'failed' ? 'bad' : 'doubt', text: unfinished(run) + lost });
  }
  if (sum(run.cells, cell => cell.counts.due) === 0)
    blocks.push({ kind: 'callout', tone: 'bad', text: 'NO DATA: not one request was measured' });
  const gpu = simulatedGpu(run);
  if (gpu !== undefined) {
    const service = run.environment.service.url === embeddedUrl ? 'the embedded service' : 'a service';
    const text = `Simulated: the target was ${service} with a modelled ${gpu}, not a GPU.`;
    blocks.push({ kind: 'callout', tone: 'plain', text });
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

/** The few numbers that say how it went. */
export function figures(run: Run): Block[] {
  const { cells } = run;
  if (cells.length === 0) return [];
  const items = [
    answered(cells),
    ...best(cells, 'most tokens', 'tokens/s', cell => cell.rates.outputTokensPerS),
    ...best(cells, 'most good answers', 'req/s', cell => cell.rates.goodputPerS),
    ...quickest(cells),
    ...objectivesHeld(cells),
    { label: 'took', text: durationOf(run) },
  ];
  return [{ kind: 'figures', items }];
}

function answered(cells: readonly CellResult[]): Figure {
  const [due, ok] = [sum(cells, cell => cell.counts.due), sum(cells, cell => cell.counts.ok)];
  const text = due === 0 ? missing : formatRatio(ok / due);
  return { label: 'answered', text, detail: `${ok.toLocaleString('en-US')} of ${plural(due, 'request')}` };
}

function best(
  cells: readonly CellResult[],
  label: string,
  unit: string,
  of: (cell: CellResult) => number | null,
): Figure[] {
  const [cell] = cells.filter(each => of(each) !== null).sort((a, b) => (of(b) as number) - (of(a) as number));
  if (cell === undefined) return [];
  return [{ label, text: formatNumber(of(cell) as number), unit, detail: placeOf(cell), notes: cellNotes(cell) }];
}

/** The endpoint that keeps nobody waiting: its TTFT where it was shortest. */
function quickest(cells: readonly CellResult[]): Figure[] {
  const of = (cell: CellResult) => cell.metrics.ttftMs.p50 as number;
  const [cell] = cells.filter(each => each.metrics.ttftMs.p50 !== null).sort((a, b) => of(a) - of(b));
  if (cell === undefined) return [];
  return [
    {
      label: 'shortest TTFT p50',
      text: formatNumber(of(cell)),
      unit: 'ms',
      detail: placeOf(cell),
      notes: cellNotes(cell),
    },
  ];
}

function objectivesHeld(cells: readonly CellResult[]): Figure[] {
  const results = cells.flatMap(cell => cell.objectives);
  const texts = [...new Set(results.map(({ text }) => text))];
  if (texts.length === 0) return [];
  const missed = texts.filter(text => results.some(each => each.text === text && each.held === false)).length;
  const unknown = texts.filter(text => results.every(each => each.text !== text || each.held === null)).length;
  const held = texts.length - missed - unknown;
  const detail = [...(missed > 0 ? [`${missed} missed`] : []), ...(unknown > 0 ? [`${unknown} not judged`] : [])];
  return [
    {
      label: 'objectives held',
      text: `${held} of ${texts.length}`,
      ...(detail.length > 0 ? { detail: detail.join(', ') } : {}),
      tone: missed > 0 ? 'bad' : unknown > 0 ? 'doubt' : 'good',
    },
  ];
}

function placeOf(cell: CellResult): string {
  return `${cell.target.name}, ${loadLabel(cell.load)}${cell.order === 'parallel' ? ', all at once' : ''}`;
}

/** From the beginning of the run to the end of its last window. */
function durationOf({ cells }: Run): string {
  const last = Math.max(...cells.map(({ windowMs }) => windowMs?.[1] ?? 0));
  return last === 0 ? missing : formatDuration(last);
}

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0);
}
