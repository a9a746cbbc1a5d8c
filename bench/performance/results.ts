/** What the benches measure, and where it is kept. */
import { readFile, writeFile } from 'node:fs/promises';
import { cpus, loadavg } from 'node:os';
import type { TokenCosts } from './costs.ts';
import { page } from './page.ts';
import type { Held } from './work.ts';

/** A client's figure: medians over the rounds, and how far they lay apart. */
export interface Row {
  /** Events, or unary answers, a second of CPU time. */
  readonly perCpuS: number;
  /** The same over that of the client it is compared with, in the same round: the floor, with unary requests autocannon. */
  readonly ratio: number;
  readonly lowest: number;
  readonly highest: number;
}

export interface Machine {
  readonly at: string;
  readonly cpu: string;
  readonly cores: number;
  readonly node: string;
  /** Over the last minute, when the measuring ended. */
  readonly loadAverage: number;
}

export interface Costs extends Machine {
  readonly rounds: number;
  /** How many processes of each client were measured. */
  readonly processes: number;
  readonly answerTokens: number;
  /** By the number of streams, then by client. */
  readonly streams: Readonly<Record<string, Readonly<Record<string, Row>>>>;
  readonly unary: Readonly<Record<string, Row>>;
  readonly idle: Record<string, Held>;
  readonly idleStreams: number;
  readonly costs: TokenCosts;
  readonly start: { readonly toFirstRequestMs: number; readonly nodeAloneMs: number };
  /** The share of a core. */
  readonly watching: number;
}

/** One figure of `bench:accuracy`: an error in ms, or a count, of each run. */
export interface AccuracyFigure {
  readonly case: string;
  readonly name: string;
  readonly median: number;
  readonly runs: readonly number[];
  readonly bound: number;
}

export interface Accuracy extends Machine {
  readonly seconds: number;
  readonly driver: string;
  readonly figures: readonly AccuracyFigure[];
  readonly overloaded: { readonly asked: string; readonly verdict: string; readonly reasons: readonly string[] };
}

/** What `performance.json` holds: the latest of each bench. */
export interface Results {
  readonly self?: Costs;
  readonly accuracy?: Accuracy;
}

const jsonFile = 'docs/performance.json';
const pageFile = 'docs/performance.md';

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

export function machine(): Machine {
  return {
    at: new Date().toISOString(),
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    node: process.versions.node,
    loadAverage: loadavg()[0] ?? 0,
  };
}

/** Keeps the figures of one bench beside those of the others and makes the page anew; gives the names of both files. */
export async function writeResults(results: Results): Promise<string[]> {
  const known = await readFile(jsonFile, 'utf8').then(
    text => JSON.parse(text) as Results,
    () => ({}),
  );
  const all = { ...known, ...results };
  await writeFile(jsonFile, `${JSON.stringify(all, null, 2)}\n`);
  await writeFile(pageFile, page(all));
  return [jsonFile, pageFile];
}
