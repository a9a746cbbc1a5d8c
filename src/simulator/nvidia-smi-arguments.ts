import { type QueryField, queryField } from './nvidia-smi-fields.ts';

/** What the command is asked to do. */
export type Command =
  | { readonly kind: 'list' }
  | { readonly kind: 'version' }
  | { readonly kind: 'help' }
  | {
      readonly kind: 'query';
      readonly fields: readonly QueryField[];
      readonly header: boolean;
      readonly units: boolean;
      /** Index, UUID or bus id of each GPU wanted; undefined for all. */
      readonly ids: readonly string[] | undefined;
      /** Undefined for once. */
      readonly everyMs: number | undefined;
    }
  | { readonly kind: 'invalid'; readonly message: string };

const usage = "Invalid combination of input arguments. Please run 'nvidia-smi -h' for help.";

/** Reads the arguments of `nvidia-smi`, those of them that the look-alike knows. */
export function readArguments(argv: readonly string[]): Command {
  const options = new Map(optionPairs(argv));
  if (options.has('-L') || options.has('--list-gpus')) return { kind: 'list' };
  if (options.has('--version')) return { kind: 'version' };
  if (options.has('--help-query-gpu') || options.has('-h') || options.has('--help')) return { kind: 'help' };
  const query = options.get('--query-gpu');
  if (query === undefined) return { kind: 'invalid', message: usage };
  return readQuery(query, options);
}

function readQuery(query: string, options: ReadonlyMap<string, string>): Command {
  const names = query.split(',').map(name => name.trim());
  const unknown = names.find(name => queryField(name) === undefined);
  if (unknown !== undefined) return { kind: 'invalid', message: `Field "${unknown}" is not a valid field to query.\n` };
  const format = (options.get('--format') ?? '').split(',');
  if (format[0] !== 'csv') return { kind: 'invalid', message: 'Option --format=csv is missing or not supported.' };
  const seconds = options.get('-l') ?? options.get('--loop');
  const milliseconds = options.get('-lms') ?? options.get('--loop-ms');
  const everyMs =
    milliseconds !== undefined ? Number(milliseconds) : seconds !== undefined ? Number(seconds) * 1000 : undefined;
  if (everyMs !== undefined && !(everyMs >= 1)) return { kind: 'invalid', message: usage };
  return {
    kind: 'query',
    fields: names.map(name => queryField(name) as QueryField),
    header: !format.includes('noheader'),
    units: !format.includes('nounits'),
    ids: (options.get('-i') ?? options.get('--id'))?.split(',').map(id => id.trim()),
    everyMs,
  };
}

const takesValue: ReadonlySet<string> = new Set([
  '-i',
  '-l',
  '-lms',
  '--id',
  '--loop',
  '--loop-ms',
  '--query-gpu',
  '--format',
]);

/** `--name=value`, `--name value` and `-n value`; a name that takes no value has the empty one. */
function* optionPairs(argv: readonly string[]): Generator<[string, string]> {
  for (let at = 0; at < argv.length; at++) {
    const argument = argv[at] as string;
    const equals = argument.indexOf('=');
    if (equals !== -1) yield [argument.slice(0, equals), argument.slice(equals + 1)];
    else if (takesValue.has(argument)) yield [argument, argv[++at] ?? ''];
    else yield [argument, ''];
  }
}
