/** What a run says of its workloads: how long prompts and answers were, and what each size of picture costs. */
import type { CellResult, Run } from '../record/run.ts';
import type { VariantSummary } from '../record/summary.ts';
import { loadLabel } from '../scenario/expand.ts';
import { formatNumber, missing } from '../units.ts';
import type { Block, Column, TableCell } from './document.ts';
import { count, left, number, quantileCell, right, share } from './table-cells.ts';

/** Where a workload has pictures of several sizes: one table a cell, with response time and input tokens by size. */
export function costOfSizes(run: Run): Block[] {
  return run.cells.flatMap(withParts).flatMap(({ byVariant, ...cell }) => {
    if (byVariant === undefined) return [];
    const text = `${cell.workload} by size of the picture: ${cell.target.name}, ${loadLabel(cell.load)}`;
    return [
      { kind: 'heading' as const, text },
      { kind: 'table' as const, caption: '', columns: sizeColumns, rows: Object.entries(byVariant).map(sizeRow) },
    ];
  });
}

const sizeColumns: readonly Column[] = [
  left('pixels'),
  right('ok'),
  right('input tokens'),
  right('p50', 'TTFT ms'),
  right('p95', 'TTFT ms'),
  right('p50', 'response ms'),
  right('p95', 'response ms'),
];

function sizeRow([size, { counts, metrics, inputTokensMean }]: [string, VariantSummary]): TableCell[] {
  return [
    { text: size },
    count(counts.ok),
    number(inputTokensMean),
    quantileCell(metrics.ttftMs, 'p50'),
    quantileCell(metrics.ttftMs, 'p95'),
    quantileCell(metrics.responseTimeMs, 'p50'),
    quantileCell(metrics.responseTimeMs, 'p95'),
  ];
}

/** A cell and, where it is a mix, each of its workloads as if it were a cell of its own; doubts stand with the whole. */
export function withParts(cell: CellResult): CellResult[] {
  const parts = Object.entries(cell.byWorkload ?? {}).map(([workload, summary]) => ({
    ...cell,
    ...summary,
    workload,
    validity: { verdict: 'valid' as const, reasons: [] },
    findings: [],
  }));
  return [cell, ...parts];
}

/** How long prompts were asked to be and were, by the server's count, and how long the answers; means over all cells. */
export function lengths(run: Run): Block[] {
  const pairs = new Map<string, CellResult[]>();
  for (const cell of run.cells) {
    const name = `${cell.target.name} ${cell.workload}`;
    pairs.set(name, [...(pairs.get(name) ?? []), cell]);
  }
  const byName = [...pairs].sort(([a], [b]) => a.localeCompare(b));
  const rows = byName.map(([, cells]) => {
    const [{ target, workload }] = cells as [CellResult];
    const asked = mean(cells, 'askedInputMean');
    const counted = mean(cells, 'inputMean');
    return [
      { text: target.name },
      { text: workload },
      number(asked),
      number(counted),
      offBy(asked, counted),
      number(mean(cells, 'outputMean')),
      share(mean(cells, 'endedByLengthRatio')),
    ];
  });
  if (rows.length === 0) return [];
  const columns = [
    left('endpoint'),
    left('workload'),
    right('asked', 'prompt'),
    right('counted', 'prompt'),
    right('off by', 'prompt'),
    right('tokens', 'answer'),
    right('cut at its limit', 'answer'),
  ];
  return [
    { kind: 'heading', text: 'Lengths, mean tokens' },
    { kind: 'table', caption: '', columns, rows },
  ];
}

/** How each model counts plain words, which prompts are made of, as it said before the run. */
export function wordCounts({ environment }: Run): string[] {
  return Object.entries(environment.service.models ?? {}).flatMap(([model, { tokensOfWords }]) => {
    if (tokensOfWords === undefined) return [];
    const { perPromptTokens, perWordTokens } = tokensOfWords;
    return [
      `prompts for ${model}: ${formatNumber(perWordTokens)} tokens a word and ${formatNumber(perPromptTokens)} a prompt, by its own count of two before the run`,
    ];
  });
}

/** The mean over the answers of several cells. */
function mean(cells: readonly CellResult[], field: keyof CellResult['tokens']): number | null {
  const known = cells.filter(cell => cell.tokens[field] !== null);
  const answers = known.reduce((sum, { counts }) => sum + counts.ok, 0);
  const total = known.reduce((sum, { counts, tokens }) => sum + counts.ok * (tokens[field] as number), 0);
  return answers === 0 ? null : total / answers;
}

function offBy(asked: number | null, counted: number | null): TableCell {
  return asked === null || counted === null ? { text: missing } : share(counted / asked - 1);
}

/** What sending again bought and cost: refusals as the service saw them and as its users did. */
export function retries(run: Run): Block[] {
  const rows = run.cells.flatMap(({ retries: again, rates, counts, target, load }) => {
    if (again === undefined) return [];
    const refused = counts.rate_limited + counts.overloaded + counts.forbidden;
    const attempts = [rates.rateLimitedRatio, rates.overloadedRatio, rates.forbiddenRatio];
    return [
      [
        { text: `${target.name}, ${loadLabel(load)}` },
        count(again.requests),
        count(again.attempts),
        count(again.recovered),
        share(attempts.reduce<number>((sum, each) => sum + (each ?? 0), 0)),
        share(counts.due === 0 ? null : refused / counts.due),
      ],
    ];
  });
  if (rows.length === 0) return [];
  const columns = [
    left('cell'),
    right('requests', 'sent again'),
    right('times', 'sent again'),
    right('then ok', 'sent again'),
    right('of attempts', 'refused'),
    right('of requests', 'refused'),
  ];
  return [
    { kind: 'heading', text: 'Retries' },
    { kind: 'table', caption: '', columns, rows },
  ];
}
