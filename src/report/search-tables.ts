/** The highest load that each endpoint holds, and what was tried to find it. */
import type { Run } from '../record/run.ts';
import type { Probe, SearchResult } from '../record/search.ts';
import { formatDuration, formatNumber, missing, plural } from '../units.ts';
import type { Block, Column, TableCell, Tone } from './document.ts';
import { count, left, number, right, share } from './table-cells.ts';

/** A sentence a search, and a table of all probes; nothing where nothing was searched for. */
export function searchTables({
  searches = [],
  environment,
  resumes,
}: Pick<Run, 'searches' | 'environment' | 'resumes'>): Block[] {
  if (searches.length === 0) return [];
  const shown = searches.length === 1 ? columns : [endpointColumn, ...columns];
  const how = environment.service.simulated ? 'simulated' : 'measured';
  return [
    { kind: 'heading', text: `Highest load that holds ${searches[0]?.objective}` },
    {
      kind: 'list',
      items: searches.map(search => `${nameOf(search)}: ${answerText(search)}, ${how}; ${cost(search)}`),
    },
    ...(resumes === undefined
      ? []
      : [{ kind: 'paragraph' as const, text: `It goes on with the search of ${resumes}.` }]),
    {
      kind: 'table',
      caption: '',
      columns: shown.map(({ of: _, ...column }) => column),
      rows: searches.flatMap(search => search.probes.map(probe => shown.map(({ of }) => of(probe, search)))),
    },
    {
      kind: 'paragraph',
      text: 'wrong: on the wrong side of the objective, refused and dropped ones among them; worth: as many independent requests would tell as much.',
    },
  ];
}

function nameOf({ target, workload }: SearchResult): string {
  return `${target} ${workload}`;
}

/** What a search found, in words: `6.1 to 6.8 requests/s (90 %)`. */
export function answerText({ kind, low, high, estimate, over, confidence, reason }: SearchResult): string {
  const unit = over === 'concurrency' ? 'requests in flight' : 'requests/s';
  const sure = `(${Math.round(100 * confidence)} %)`;
  const why = reason === undefined ? '' : `; ${reason}`;
  const text = (value = Number.NaN) => (over === 'concurrency' ? String(value) : formatNumber(value));
  switch (kind) {
    case 'found':
      return low === high
        ? `${text(estimate)} ${unit} ${sure}${why}`
        : `${text(low)} to ${text(high)} ${unit} ${sure}, most likely ${text(estimate)}${why}`;
    case 'at least':
      return `at least ${text(low)} ${unit} ${sure}${reason === undefined ? ': nothing failed' : why}`;
    case 'below from':
      return `less than ${text(high)} ${unit} ${sure}: not even that holds`;
    case 'unknown':
      return `unknown, ${reason ?? missing}${low === undefined ? '' : `; ${text(low)} ${unit} held`}${high === undefined ? '' : `; ${text(high)} ${unit} failed`}`;
  }
}

function cost({ probes, requests, tookMs }: SearchResult): string {
  return `${plural(probes.length, 'probe')}, ${plural(requests, 'request')}, ${formatDuration(tookMs)}`;
}

const parts: Readonly<Record<Probe['part'], string>> = {
  bracket: 'find both sides',
  bisect: 'close in',
  measure: 'measure',
};

const tones: Readonly<Record<Probe['verdict'], Tone>> = {
  held: 'good',
  missed: 'bad',
  undecided: 'plain',
  hopeless: 'bad',
  invalid: 'doubt',
};

interface ProbeColumn extends Column {
  readonly of: (probe: Probe, search: SearchResult) => TableCell;
}

const endpointColumn: ProbeColumn = { ...left('endpoint'), of: (_, search) => ({ text: nameOf(search) }) };

const columns: readonly ProbeColumn[] = [
  { ...right('load'), of: ({ load }, { over }) => ({ ...number(load), text: loadText(load, over) }) },
  { ...left('to'), of: ({ part }) => ({ text: parts[part] }) },
  { ...right('requests'), of: ({ requests }) => count(requests) },
  { ...right('wrong'), of: ({ wrong, requests }) => share(requests === 0 ? null : wrong / requests) },
  { ...right('worth'), of: ({ effectiveRequests }) => number(effectiveRequests) },
  {
    ...left('result'),
    of: ({ verdict, reason, run }) => {
      const notes = [...(reason === undefined ? [] : [reason]), ...(run === undefined ? [] : [`taken up from ${run}`])];
      return { text: verdict, tone: tones[verdict], ...(notes.length === 0 ? {} : { notes }) };
    },
  },
  { ...right('took'), of: ({ tookMs }) => ({ text: formatDuration(tookMs), value: tookMs }) },
];

function loadText(load: number, over: SearchResult['over']): string {
  return over === 'concurrency' ? `${load} in flight` : `${load}/s`;
}
