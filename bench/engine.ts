/** What the engine is worth: its error against every published table, and how fast it simulates. */

import { cpus } from 'node:os';
import { simulate } from '../src/engine/simulate.ts';
import { formatNumber, formatRatio } from '../src/units.ts';
import { type AzureRun, azureLimits, azureMix, quantileOf, serveAzureMix } from '../test/engine/azure-mix.ts';
import {
  errorRatio,
  isWithinBand,
  type PublishedTable,
  publishedTables,
  type Row,
} from '../test/engine/published-tables.ts';

function print(line = ''): void {
  process.stdout.write(`${line}\n`);
}

function signedPercent(ratio: number): string {
  return `${ratio < 0 ? '−' : '+'}${Math.abs(100 * ratio).toFixed(1)} %`;
}

function bandText({ band }: Row): string {
  return band === undefined ? 'no band' : `${signedPercent(band[0])} … ${signedPercent(band[1])}`;
}

function printTable({ title, source, remark, rows }: PublishedTable): void {
  print(title);
  print(`  ${source}`);
  print(`  ${remark}`);
  for (const row of rows()) {
    const cells = [
      row.condition.padEnd(40),
      row.quantity.padEnd(13),
      formatNumber(row.published).padStart(8),
      formatNumber(row.model).padStart(8),
      signedPercent(errorRatio(row)).padStart(9),
      `  ${bandText(row)}${isWithinBand(row) ? '' : '  OUT OF BAND'}`,
    ];
    print(`    ${cells.join(' ')}`);
  }
  print();
}

/** Output tokens per second of this process's own CPU time; an hour of arrivals, three times, the best taken. */
function tokensPerCpuS(ratePerS: number): number {
  const arrivals = azureMix(ratePerS, 3_600_000);
  const speeds = [1, 2, 3].map(() => {
    const before = process.cpuUsage();
    const { state } = simulate(arrivals, { gpu: 'A100-80G', model: 'mistral-7b', limits: azureLimits });
    const { user, system } = process.cpuUsage(before);
    return state.outputTokens / ((user + system) / 1e6);
  });
  return Math.max(...speeds);
}

function printAzureRun(label: string, run: AzureRun): void {
  const list = (values: readonly number[], qs: readonly number[]) =>
    qs.map(q => formatNumber(quantileOf(values, q)).padStart(7)).join(' ');
  const cells = [
    label.padEnd(26),
    list(run.ttftMs, [0.5, 0.95]),
    list(run.itlMs, [0.5, 0.99, 1]),
    list(run.responseMs, [0.95]),
  ];
  print(`    ${cells.join(' | ')} | ${String(run.overloaded).padStart(4)} | ${formatRatio(run.busyRatio)}`);
}

print('Published tables: condition, quantity, published, model, error, band\n');
for (const table of publishedTables) printTable(table);

print(
  'Azure-like conversations, 120 s, Mistral-7B on A100-80G, 100 in flight at most: a prediction, nothing to compare with',
);
print('    requests/s                 | TTFT p50 p95 ms | ITL p50 p99 max ms      | resp. p95 | 429 | busy');
for (const ratePerS of [1, 2, 4, 6, 8, 12]) printAzureRun(String(ratePerS), serveAzureMix(ratePerS));
printAzureRun('4, maxBatchSize 8', serveAzureMix(4, { maxBatchSize: 8 }));

print(`\nVirtual time, the same conversations for an hour; ${cpus()[0]?.model}, one thread, Node ${process.version}`);
for (const ratePerS of [1, 4, 12]) {
  print(
    `    ${ratePerS} requests/s: ${formatNumber(tokensPerCpuS(ratePerS) / 1e6)} million output tokens per CPU second`,
  );
}
