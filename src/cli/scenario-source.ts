import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import { exitCodes, HarnessError, messageOf } from '../errors.ts';
import { type ParsedScenario, parseScenario } from '../scenario/resolve.ts';
import type { TraceFile } from '../scenario/trace.ts';
import { parseSetArgument } from '../schema/set-argument.ts';
import { readAssetFiles } from './asset-files.ts';
import type { Io } from './io.ts';

/** The options that say what to run, of `run` and `validate`. */
export interface ScenarioArguments {
  readonly scenario?: readonly string[] | undefined;
  readonly url?: string | undefined;
  readonly tokenFile?: string | undefined;
  readonly seed?: number | undefined;
  readonly target?: string | undefined;
  readonly set?: readonly string[] | undefined;
  readonly model?: string | undefined;
  readonly gpu?: readonly number[] | undefined;
  readonly vlm?: boolean | undefined;
  readonly concurrency?: string | undefined;
  readonly requests?: number | undefined;
}

/** A scenario ready to run, with the text it was read from. */
export interface LoadedScenario extends ParsedScenario {
  readonly text: string;
}

/** The scenario that runs where none is named. */
const defaultScenario = fileURLToPath(new URL('../../scenarios/default.yaml', import.meta.url));

/** Reads every scenario that the arguments name. Throws a HarnessError that lists the problems of the first bad one. */
export function loadScenarios(args: ScenarioArguments, io: Io): LoadedScenario[] {
  const token = readToken(args.tokenFile, io);
  const overrides = [
    ...(args.url === undefined ? [] : [{ path: ['service', 'url'], value: args.url }]),
    ...(args.seed === undefined ? [] : [{ path: ['seed'], value: args.seed }]),
    ...(args.set ?? []).map(parseSetArgument),
  ];
  return sources(args, io).map(({ file, text }) => ({
    ...parseScenario({
      file,
      text,
      overrides,
      environment: io.environment,
      token,
      targetGlob: args.target,
      readTrace: name => readTrace(resolve(io.directory, dirname(file), name)),
      readFiles: path => readAssetFiles(resolve(io.directory, dirname(file)), path),
    }),
    text,
  }));
}

function readTrace(path: string): TraceFile {
  const bytes = readFileSync(path);
  return { text: bytes.toString('utf8'), sha256: createHash('sha256').update(bytes).digest('hex') };
}

function sources(args: ScenarioArguments, io: Io): { file: string; text: string }[] {
  const files = args.scenario ?? [];
  if (args.model !== undefined) {
    if (files.length > 0) throw usage('expected a scenario file or --model, got both', 'leave out one of them');
    return [{ file: 'command line', text: adHocScenario(args, args.model) }];
  }
  for (const option of ['gpu', 'vlm', 'concurrency', 'requests'] as const) {
    if (args[option] !== undefined)
      throw usage(
        `--${option}: expected --model beside it, got none`,
        'in a scenario file, use --set, such as --set load.steps[0].requests=300',
      );
  }
  return (files.length > 0 ? files : [defaultScenario]).map(file => ({
    file,
    text: read(resolve(io.directory, file), file),
  }));
}

/** What `run --model …` stands for: one model, short prompts, a closed loop at each concurrency. */
function adHocScenario({ url, gpu, vlm, concurrency, requests }: ScenarioArguments, model: string): string {
  const levels = (concurrency ?? '1,8,32').split(',').map(Number);
  if (!levels.every(level => Number.isInteger(level) && level > 0)) {
    throw usage(
      `--concurrency: expected whole numbers with commas between, got ${JSON.stringify(concurrency)}`,
      'for example --concurrency 1,8,32',
    );
  }
  return stringify({
    name: model.replaceAll(/[^\w.-]/g, '-').slice(0, 64),
    service: { url: url ?? 'embedded' },
    targets: [{ model, gpus: gpu ?? [0], workloads: ['prompt'] }],
    workloads: {
      prompt: {
        kind: vlm ? 'vlm' : 'text',
        prompt: { tokens: 128 },
        ...(vlm ? { images: { generate: { width: 336, height: 336 } } } : {}),
        output: { maxNewTokens: 128 },
      },
    },
    load: { steps: [{ concurrency: levels, requests: requests ?? 100 }] },
  });
}

/** The token of the service: from a file, or from VALID_TOKEN; never from an argument. */
export function readToken(file: string | undefined, io: Io): string | undefined {
  if (file === undefined) return io.environment['VALID_TOKEN'] || undefined;
  const token = read(resolve(io.directory, file), file).trim();
  if (token === '') throw usage(`${file}: expected a token, got an empty file`, 'it holds the token and nothing else');
  return token;
}

function read(path: string, name: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new HarnessError(`${name}: expected a file to read, got: ${messageOf(cause)}`, {
      hint: 'check the path; scenarios/ holds some to start from',
      exitCode: exitCodes.usage,
      cause,
    });
  }
}

function usage(message: string, hint: string): HarnessError {
  return new HarnessError(message, { hint, exitCode: exitCodes.usage });
}
