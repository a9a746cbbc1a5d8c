/** A trace as a scenario names it: requests as they once came, one JSON object a line, in order. */
import { messageOf } from '../errors.ts';
import type { Problem } from '../schema/checked-yaml.ts';

/** How long a prompt and its answer are; undefined where the workload says. */
export interface TokenLengths {
  readonly inputTokens?: number;
  readonly outputTokens?: number;
}

/** One request of a trace; times in ms from any zero. */
export interface TraceEntry extends TokenLengths {
  readonly dueMs: number;
}

export type Trace = readonly TraceEntry[];

/** A trace file as the edge reads it. */
export interface TraceFile {
  readonly text: string;
  /** Of the text, in hex: what tells two traces of the same name apart. */
  readonly sha256: string;
}

/** A trace file once it is read: its requests, or what is wrong with it, each with file and line. */
export interface ReadTrace {
  readonly trace: Trace;
  /** The line that each of its requests stands on, from 1. */
  readonly lines: readonly number[];
  readonly sha256: string;
  readonly problems: readonly Omit<Problem, 'path'>[];
}

export type TraceReader = (file: string) => ReadTrace;

type ReadFile = (file: string) => TraceFile;

/** How many bad lines of one file are told. */
const problemsTold = 5;
const fields = ['dueMs', 'inputTokens', 'outputTokens'];
const form = '{"dueMs":0,"inputTokens":12,"outputTokens":34}';

/** Reads each trace once, however often it is asked for; what goes wrong becomes a problem. */
export function traceReader(read: ReadFile = nothingToRead): TraceReader {
  const known = new Map<string, ReadTrace>();
  return file => {
    const trace = known.get(file) ?? readTrace(file, read);
    known.set(file, trace);
    return trace;
  };
}

function nothingToRead(): never {
  throw new Error('nothing to read it with');
}

function readTrace(file: string, read: ReadFile): ReadTrace {
  try {
    const { text, sha256 } = read(file);
    return { ...parseTrace(file, text), sha256 };
  } catch (error) {
    const hint = 'a trace is looked for beside the scenario file';
    return {
      trace: [],
      lines: [],
      sha256: '',
      problems: [{ message: `expected a file to read, got: ${messageOf(error)}`, hint }],
    };
  }
}

/** Reads the text of a trace; empty lines are passed over. */
export function parseTrace(file: string, text: string): Omit<ReadTrace, 'sha256'> {
  const trace: TraceEntry[] = [];
  const lines: number[] = [];
  const problems: Omit<Problem, 'path'>[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue;
    const entry = entryOf(line, trace.at(-1)?.dueMs ?? 0);
    if (typeof entry !== 'string') {
      trace.push(entry);
      lines.push(index + 1);
    } else if (problems.push({ message: `${file}:${index + 1}: ${entry}` }) === problemsTold) break;
  }
  if (trace.length === 0 && problems.length === 0)
    problems.push({ message: `${file}:1: expected requests, one a line, such as ${form}, got an empty file` });
  return { trace, lines, problems };
}

/** The request on one line, or what is wrong with it. */
function entryOf(line: string, atLeastMs: number): TraceEntry | string {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (error) {
    return `expected JSON, got: ${messageOf(error)}`;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return `expected ${form}, got ${line.trim()}`;
  const entry = value as Record<string, unknown>;
  const unknown = Object.keys(entry).find(key => !fields.includes(key));
  if (unknown !== undefined)
    return `expected only ${fields.join(', ')}, got ${JSON.stringify(unknown)}: tgi-bench trace convert reads other forms`;
  const { dueMs } = entry;
  if (typeof dueMs !== 'number' || !Number.isFinite(dueMs)) return `expected dueMs in ms, got ${shown(dueMs)}`;
  if (dueMs < 0) return `expected dueMs of at least 0, got ${dueMs}`;
  if (dueMs < atLeastMs) return `expected dueMs of at least ${atLeastMs}, that of the line before, got ${dueMs}`;
  for (const field of ['inputTokens', 'outputTokens'] as const) {
    const tokens = entry[field];
    if (tokens !== undefined && !(Number.isSafeInteger(tokens) && (tokens as number) > 0))
      return `expected ${field} of at least 1, got ${shown(tokens)}`;
  }
  return entry as unknown as TraceEntry;
}

function shown(value: unknown): string {
  return JSON.stringify(value) ?? 'nothing';
}

/** The longest prompt among the first requests of a trace, and its line; undefined where none says how long it is. */
export function longestPrompt(
  { trace, lines }: ReadTrace,
  requests: number,
): { readonly tokens: number; readonly line: number } | undefined {
  let longest: { tokens: number; line: number } | undefined;
  for (const [index, { inputTokens = 0 }] of trace.slice(0, requests).entries())
    if (inputTokens > (longest?.tokens ?? 0)) longest = { tokens: inputTokens, line: lines[index] as number };
  return longest;
}

/** What a step replays of a trace: at what pace, and to which request or time. */
export interface Cut {
  readonly timeScale: number;
  readonly requests?: number | undefined;
  readonly durationMs?: number | undefined;
}

/**
 * How many requests a step replays, and their mean rate: those due in its duration per second of it, else n requests
 * over the time from the first to the last and one mean gap more, (n − 1) / span.
 */
export function replayed(trace: Trace, cut: Cut): { readonly requests: number; readonly ratePerS: number } {
  const { durationMs } = cut;
  const sinceFirstMs = (entry: TraceEntry | undefined) =>
    ((entry?.dueMs ?? 0) - (trace[0]?.dueMs ?? 0)) * cut.timeScale;
  if (durationMs !== undefined) {
    const requests = trace.filter(entry => sinceFirstMs(entry) < durationMs).length;
    return { requests, ratePerS: (requests * 1000) / durationMs };
  }
  const requests = cut.requests ?? trace.length;
  return { requests, ratePerS: ((requests - 1) * 1000) / sinceFirstMs(trace[requests - 1]) };
}
