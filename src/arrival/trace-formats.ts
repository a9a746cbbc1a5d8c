/** Other people's traces in our form: the files of Azure, BurstGPT and Mooncake, a line in and a request out. */
import { exitCodes, HarnessError } from '../errors.ts';
import type { TraceEntry } from '../scenario/trace.ts';

export const traceFormats = ['azure', 'burstgpt', 'mooncake'] as const;
export type TraceFormat = (typeof traceFormats)[number];

/** One line of a trace: its time in ms from any zero, and its lengths. */
type Row = Required<TraceEntry>;
type RowReader = (line: string) => Row;

/** The columns of a CSV that hold what we want, and how its times are written. */
interface Columns {
  readonly time: string;
  readonly input: string;
  readonly output: string;
  readonly timeMs: (text: string) => number;
}

const azure: Columns = { time: 'TIMESTAMP', input: 'ContextTokens', output: 'GeneratedTokens', timeMs: instantMs };
const burstgpt: Columns = {
  time: 'Timestamp',
  input: 'Request tokens',
  output: 'Response tokens',
  timeMs: seconds => Number(seconds) * 1000,
};

export interface ConvertOptions {
  readonly file: string;
  readonly format: TraceFormat | 'auto';
  /** Told of a request that failed: it has no input or no output, and is left out. */
  readonly onFailed: () => void;
}

/**
 * The requests of a trace, due from 0 on, in whole microseconds. Throws a HarnessError with file and line at the first
 * line that is not of the format or is earlier than the one before.
 */
export async function* convertTrace(lines: AsyncIterable<string>, options: ConvertOptions): AsyncGenerator<TraceEntry> {
  let number = 0;
  let read: RowReader | undefined;
  let firstMs: number | undefined;
  let lastMs = Number.NEGATIVE_INFINITY;
  for await (const line of lines) {
    number++;
    if (line.trim() === '') continue;
    try {
      if (read === undefined) {
        const reader = readerOf(number === 1 ? line.replace(/^\uFEFF/, '') : line, options.format);
        read = reader.read;
        if (reader.isHeader) continue;
      }
      const { dueMs, inputTokens, outputTokens } = read(line);
      if (dueMs < lastMs)
        throw new Error('expected a time not before that of the line above: sort the file by its time');
      lastMs = dueMs;
      firstMs ??= dueMs;
      if (inputTokens > 0 && outputTokens > 0)
        yield { dueMs: Math.round((dueMs - firstMs) * 1000) / 1000, inputTokens, outputTokens };
      else options.onFailed();
    } catch (cause) {
      throw new HarnessError(`${options.file}:${number}: ${(cause as Error).message}`, {
        exitCode: exitCodes.usage,
        cause,
      });
    }
  }
  if (firstMs === undefined)
    throw new HarnessError(`${options.file}:${number + 1}: expected requests, got the end of the file`, {
      exitCode: exitCodes.usage,
    });
}

/** How the lines of a file are read, from its first one. */
function readerOf(line: string, wanted: TraceFormat | 'auto'): { read: RowReader; isHeader: boolean } {
  const names = cellsOf(line);
  const found = formatOf(line, names);
  if (found === undefined || (wanted !== 'auto' && wanted !== found)) {
    const expected = wanted === 'auto' ? `a file of ${traceFormats.join(', ')}` : `a file of ${wanted}`;
    throw new Error(`expected ${expected}, got ${shown(line)}`);
  }
  switch (found) {
    case 'azure':
      return { read: csvReader(names, azure), isHeader: true };
    case 'burstgpt':
      return { read: csvReader(names, burstgpt), isHeader: true };
    case 'mooncake':
      return { read: readMooncake, isHeader: false };
  }
}

function formatOf(line: string, names: readonly string[]): TraceFormat | undefined {
  const has = ({ time, input, output }: Columns) => [time, input, output].every(name => names.includes(name));
  if (has(azure)) return 'azure';
  if (has(burstgpt)) return 'burstgpt';
  return /^\s*\{.*"timestamp"/.test(line) ? 'mooncake' : undefined;
}

function csvReader(names: readonly string[], { time, input, output, timeMs }: Columns): RowReader {
  const places = [time, input, output].map(name => names.indexOf(name));
  return line => {
    const cells = cellsOf(line);
    const [when = '', ...tokens] = places.map(place => cells[place] ?? '');
    const [inputTokens, outputTokens] = tokens.map(text => (text === '' ? Number.NaN : Number(text)));
    return checked({ dueMs: when === '' ? Number.NaN : timeMs(when), inputTokens, outputTokens }, line);
  };
}

function readMooncake(line: string): Row {
  const { timestamp, input_length, output_length } = JSON.parse(line) as Record<string, unknown>;
  return checked({ dueMs: timestamp, inputTokens: input_length, outputTokens: output_length }, line);
}

function checked(row: Readonly<Record<keyof Row, unknown>>, line: string): Row {
  const isCount = (value: unknown) => Number.isSafeInteger(value) && (value as number) >= 0;
  if (!Number.isFinite(row.dueMs)) throw new Error(`expected a time, got ${shown(line)}`);
  if (!isCount(row.inputTokens) || !isCount(row.outputTokens))
    throw new Error(`expected whole numbers of tokens, got ${shown(line)}`);
  return row as Row;
}

function cellsOf(line: string): string[] {
  return line.split(',').map(cell => cell.trim().replace(/^"(.*)"$/, '$1'));
}

/** `2023-11-16 18:17:03.9799600`, with or without fraction and zone (UTC where there is none), in ms since 1970. */
function instantMs(text: string): number {
  const match = /^(\d{4})-(\d\d)-(\d\d)[ T](\d\d):(\d\d):(\d\d(?:\.\d+)?)(?:Z|([+-])(\d\d):?(\d\d))?$/.exec(text);
  if (match === null) return Number.NaN;
  const [year = 0, month = 0, day = 0, hours = 0, minutes = 0, seconds = 0] = match.slice(1, 7).map(Number);
  const zone = (match[7] === '-' ? -1 : 1) * (Number(match[8] ?? 0) * 60 + Number(match[9] ?? 0));
  return (((daysSince1970(year, month, day) * 24 + hours) * 60 + minutes - zone) * 60 + seconds) * 1000;
}

/** Days of the Gregorian calendar, with years that begin in March, so that the leap day comes last. */
function daysSince1970(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year;
  const dayOfYear = Math.floor((153 * ((month + 9) % 12) + 2) / 5) + day - 1;
  return y * 365 + Math.floor(y / 4) - Math.floor(y / 100) + Math.floor(y / 400) + dayOfYear - 719_468;
}

function shown(line: string): string {
  return JSON.stringify(line.length > 60 ? `${line.slice(0, 57)}…` : line);
}
