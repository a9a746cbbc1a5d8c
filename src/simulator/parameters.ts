import { Refused } from './refusal.ts';

/** How the service behaves: as its document says, or as its deployment was found to. */
export type Fidelity = 'documented' | 'deployed';

/** The parameters of a generation that have an effect here; the rest are checked and dropped. */
export interface Parameters {
  readonly bestOf: number;
  readonly maxNewTokens: number;
  readonly stop: readonly string[];
  readonly seed: number | undefined;
  readonly samples: boolean;
  readonly details: boolean;
  readonly decoderInputDetails: boolean;
  readonly returnFullText: boolean | undefined;
  readonly truncateTokens: number | undefined;
}

type Kind = 'count' | 'integer' | 'number' | 'boolean' | 'strings';

const kinds = {
  best_of: 'count',
  temperature: 'number',
  repetition_penalty: 'number',
  frequency_penalty: 'number',
  top_k: 'integer',
  top_p: 'number',
  typical_p: 'number',
  do_sample: 'boolean',
  max_new_tokens: 'count',
  return_full_text: 'boolean',
  stop: 'strings',
  truncate: 'count',
  watermark: 'boolean',
  details: 'boolean',
  decoder_input_details: 'boolean',
  seed: 'count',
  top_n_tokens: 'count',
} as const satisfies Record<string, Kind>;

type Name = keyof typeof kinds;

/** What is expected of each kind, as the deployed router says it. */
const expectations: Readonly<Record<Kind, string>> = {
  count: 'an unsigned integer',
  integer: 'an integer',
  number: 'a number',
  boolean: 'a boolean',
  strings: 'a sequence of strings',
};

/** The document allows null for the seed alone; TGI for all but these. */
const neverNull: ReadonlySet<string> = new Set(['do_sample', 'details', 'decoder_input_details', 'watermark', 'stop']);

const maxBestOf = 2;
const maxStopSequences = 4;
const maxTopNTokens = 5;
const defaultMaxNewTokens = 100;

/** The known parameters of a request that are there and not null, each of its type. */
export type TypedParameters = Readonly<Partial<Record<Name, unknown>>> & { readonly absent?: true };

/** Reads the `parameters` of a request; unknown ones are ignored. Throws Refused: mistyped. */
export function readParameters(value: unknown, fidelity: Fidelity): TypedParameters {
  if (value === undefined || (value === null && fidelity === 'deployed')) return { absent: true };
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw mistyped('parameters', 'an object', value);
  const typed: Partial<Record<Name, unknown>> = {};
  for (const [name, kind] of Object.entries(kinds) as [Name, Kind][]) {
    const given = (value as Partial<Record<Name, unknown>>)[name];
    if (given === undefined || (given === null && mayBeNull(name, fidelity))) continue;
    if (!isOfKind(given, kind)) throw mistyped(`parameters.${name}`, expectations[kind], given);
    typed[name] = given;
  }
  return typed;
}

/** What the parameters mean. Throws Refused: invalid, for a value out of range. */
export function checkParameters(given: TypedParameters, fidelity: Fidelity): Parameters {
  checkRanges(given, fidelity);
  const number = (name: Name) => given[name] as number | undefined;
  return {
    bestOf: number('best_of') ?? 1,
    maxNewTokens: number('max_new_tokens') ?? defaultMaxNewTokens,
    stop: stopSequences(given),
    seed: number('seed'),
    samples: samples(given),
    details: given.details === true,
    decoderInputDetails: given.decoder_input_details === true,
    returnFullText: given.return_full_text as boolean | undefined,
    truncateTokens: number('truncate'),
  };
}

/** How many answers are asked for, each of which takes a permit; what is out of range takes one, to be told so. */
export function permitsOf(given: TypedParameters): number {
  const bestOf = given.best_of as number | undefined;
  return bestOf === undefined ? 1 : Math.min(Math.max(1, bestOf), maxBestOf);
}

function stopSequences(given: TypedParameters): readonly string[] {
  return (given.stop as string[] | undefined) ?? [];
}

/** With no parameters at all TGI samples; with an empty object it does not. */
function samples(given: TypedParameters): boolean {
  const asksToSample = [given.temperature, given.top_k, given.top_p, given.typical_p].some(
    value => value !== undefined,
  );
  return given.absent === true || given.do_sample === true || asksToSample;
}

function mayBeNull(name: string, fidelity: Fidelity): boolean {
  return fidelity === 'documented' ? name === 'seed' : !neverNull.has(name);
}

function isOfKind(value: unknown, kind: Kind): boolean {
  switch (kind) {
    case 'count':
      return Number.isInteger(value) && (value as number) >= 0;
    case 'integer':
      return Number.isInteger(value);
    case 'number':
      return typeof value === 'number' && Number.isFinite(value);
    case 'boolean':
      return typeof value === 'boolean';
    case 'strings':
      return Array.isArray(value) && value.every(item => typeof item === 'string');
  }
}

/** A refusal of a value of the wrong type, with the place and what should stand there. */
export function mistyped(path: string, expected: string, value: unknown): Refused {
  const found =
    value === null
      ? 'null'
      : Array.isArray(value)
        ? 'a sequence'
        : `${typeof value} ${JSON.stringify(value)?.slice(0, 80)}`;
  return new Refused({ kind: 'mistyped', message: `${path}: invalid type: ${found}, expected ${expected}` });
}

/** The values TGI takes and its words for the rest. The document gives no ranges, so the closed ends are open to it. */
function checkRanges(given: TypedParameters, fidelity: Fidelity): void {
  const closed = fidelity === 'documented';
  const check = (name: Name, allows: (value: number) => boolean, message: string) => {
    const value = given[name] as number | undefined;
    if (value !== undefined && !allows(value))
      throw new Refused({ kind: 'invalid', message: message.replace('{}', String(value)) });
  };
  const isShare = (value: number) => value > 0 && (value < 1 || (closed && value === 1));
  const shareBound = closed ? '<= 1.0' : '< 1.0';

  check('best_of', value => value >= 1 && value <= maxBestOf, `\`best_of\` must be > 0 and <= ${maxBestOf}. Given: {}`);
  check(
    'temperature',
    value => value > 0 || (closed && value === 0),
    `\`temperature\` must be ${closed ? 'positive' : 'strictly positive'}`,
  );
  check('repetition_penalty', value => value > 0, '`repetition_penalty` must be strictly positive');
  check('frequency_penalty', value => Math.abs(value) <= 2, '`frequency_penalty` must be >= -2.0 and <= 2.0');
  check('top_p', isShare, `\`top_p\` must be > 0.0 and ${shareBound}`);
  check('typical_p', isShare, `\`typical_p\` must be > 0.0 and ${shareBound}`);
  check('top_k', value => value > 0, '`top_k` must be strictly positive');
  check('max_new_tokens', value => value > 0, '`max_new_tokens` must be strictly positive');
  check(
    'top_n_tokens',
    value => value <= maxTopNTokens,
    `\`top_n_tokens\` must be >= 0 and <= ${maxTopNTokens}. Given: {}`,
  );

  if (given.best_of !== undefined && (given.best_of as number) > 1) checkBestOf(given);
  const stops = stopSequences(given).length;
  if (stops > maxStopSequences) {
    const message = `\`stop\` supports up to ${maxStopSequences} stop sequences. Given: ${stops}`;
    throw new Refused({ kind: 'invalid', message });
  }
}

function checkBestOf(given: TypedParameters): void {
  if (!samples(given)) throw new Refused({ kind: 'invalid', message: 'you must use sampling when `best_of` is > 1' });
  if (given.seed !== undefined)
    throw new Refused({ kind: 'invalid', message: '`seed` must not be set when `best_of` > 1' });
}
