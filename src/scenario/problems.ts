/** What a scenario file can get wrong that no schema sees: everything at once, each with the place it stands at. */
import type { Path, Problem } from '../schema/checked-yaml.ts';
import { nearest } from '../schema/nearest.ts';
import { problemsOfDrivers } from './driver-limits.ts';
import { problemsOfLoad } from './load-problems.ts';
import type { ScenarioFile } from './scenario.ts';
import { problemsOfSearch } from './search-problems.ts';
import { matches, type TargetEntry } from './target.ts';
import { problemsOfTelemetry } from './telemetry-problems.ts';
import type { TraceReader } from './trace.ts';
import { problemsOfUrl } from './url-problems.ts';
import { problemsOfWorkloads } from './workload-problems.ts';

/** The documented limit of requests in flight per model. */
const documentedConcurrency = 100;

/** The parameters that chat completions share with TGI. */
const chatParameters: readonly string[] = ['temperature', 'top_p', 'stop', 'seed', 'frequency_penalty'];

/** All problems of a file, given its endpoints and the token that came from outside it. */
export function problemsOf(
  file: ScenarioFile,
  targets: readonly TargetEntry[],
  token: string | undefined,
  glob: string | undefined,
  traceOf: TraceReader,
): Problem[] {
  return [
    ...problemsOfTargets(file, targets),
    ...problemsOfChoice(targets, glob),
    ...problemsOfWorkloads(file),
    ...problemsOfProtocol(file, targets),
    ...problemsOfLoad(file, traceOf),
    ...problemsOfSearch(file, targets, capOf(file)),
    ...problemsOfDrivers(file, targets),
    ...problemsOfLimits(file),
    ...problemsOfObjectives(file, targets),
    ...problemsOfService(file, token),
    ...problemsOfTelemetry(file, targets),
  ];
}

/** Requests in flight that a model may have, over all of its GPUs; undefined: no bound. */
export function capOf({ limits }: Pick<ScenarioFile, 'limits'>): number | undefined {
  return limits.concurrentPerModel ?? (limits.exceed ? undefined : documentedConcurrency);
}

function problemsOfTargets(file: ScenarioFile, targets: readonly TargetEntry[]): Problem[] {
  const problems: Problem[] = [];
  file.targets.forEach((entry, index) => {
    const at: Path = ['targets', index];
    if (entry.url === undefined && (entry.model === undefined || entry.gpus === undefined)) {
      problems.push({
        path: at,
        message: 'expected model and gpus, or url, got neither',
        hint: 'for example { model: hermes-2-pro-tgi, gpus: [0], workloads: [chat] }',
      });
    }
    if (entry.url !== undefined && entry.gpus !== undefined)
      problems.push({ path: [...at, 'gpus'], message: 'expected url or gpus, got both' });
    if (entry.url !== undefined) problems.push(...problemsOfUrl(entry.url, [...at, 'url']));
    if (entry.model !== undefined && !/^[\w.~-]+$/.test(entry.model)) {
      problems.push({
        path: [...at, 'model'],
        message: `expected a model name that can stand in a path, got ${JSON.stringify(entry.model)}`,
        hint: 'give the whole address as url instead',
      });
    }
    if (entry.mix !== undefined && entry.mix.length !== entry.workloads.length) {
      const message = `expected a weight for each of ${entry.workloads.length} workloads, got ${entry.mix.length}`;
      problems.push({ path: [...at, 'mix'], message });
    }
    entry.workloads.forEach((name, place) => {
      if (Object.hasOwn(file.workloads, name)) return;
      const close = nearest(name, Object.keys(file.workloads));
      problems.push({
        path: [...at, 'workloads', place],
        message: `expected a workload of this file, got ${JSON.stringify(name)}`,
        hint: close ? `did you mean ${close}?` : `there are: ${Object.keys(file.workloads).join(', ')}`,
      });
    });
  });
  const seen = new Set<string>();
  for (const { target, entry } of targets) {
    if (seen.has(target.name))
      problems.push({
        path: ['targets', entry],
        message: `expected each endpoint once, got ${target.name} again`,
        hint: 'give one of them another name',
      });
    seen.add(target.name);
  }
  return problems;
}

function problemsOfChoice(targets: readonly TargetEntry[], glob: string | undefined): Problem[] {
  if (glob === undefined || targets.some(({ target }) => matches(target.name, glob))) return [];
  const hint = `there are: ${targets.map(({ target }) => target.name).join(', ')}`;
  return [{ path: ['targets'], message: `expected a target that matches ${JSON.stringify(glob)}, got none`, hint }];
}

/** What a chat completion cannot be asked for must not be asked for in vain. */
function problemsOfProtocol(file: ScenarioFile, targets: readonly TargetEntry[]): Problem[] {
  const chat = new Set(
    targets.filter(({ target }) => target.protocol === 'openai-chat').flatMap(({ target }) => target.workloads),
  );
  return [...chat].flatMap(name =>
    Object.keys(file.workloads[name]?.parameters ?? {})
      .filter(parameter => !chatParameters.includes(parameter))
      .map(parameter => ({
        path: ['workloads', name, 'parameters', parameter],
        message: `expected one of ${chatParameters.join(', ')} with openai-chat, got ${parameter}`,
      })),
  );
}

/** An objective of a name that nothing here has would never be judged, and so never be missed. */
function problemsOfObjectives(file: ScenarioFile, targets: readonly TargetEntry[]): Problem[] {
  const names = [...Object.keys(file.workloads), ...targets.flatMap(({ target }) => [target.name, target.model])];
  return file.objectives.flatMap((objective, index) =>
    objective.names
      .filter(name => !names.includes(name))
      .map(name => {
        const close = nearest(name, names);
        const message = `expected a workload, target or model of this file, got ${JSON.stringify(name)}`;
        return {
          path: ['objectives', index],
          message,
          ...(close === undefined ? {} : { hint: `did you mean ${close}?` }),
        };
      }),
  );
}

function problemsOfLimits(file: ScenarioFile): Problem[] {
  const { concurrentPerModel = documentedConcurrency, exceed } = file.limits;
  if (concurrentPerModel <= documentedConcurrency || exceed) return [];
  return [
    {
      path: ['limits', 'concurrentPerModel'],
      message: `expected at most ${documentedConcurrency}, the service's limit, got ${concurrentPerModel}`,
      hint: 'to go beyond it on purpose, add exceed: true',
    },
  ];
}

function problemsOfService(file: ScenarioFile, given: string | undefined): Problem[] {
  const { url } = file.service;
  const problems = url === 'embedded' ? [] : problemsOfUrl(url, ['service', 'url']);
  if (problems.length > 0) return problems;
  if (url !== 'embedded' && file.service.embedded.faults.length > 0) {
    problems.push({
      path: ['service', 'embedded', 'faults'],
      message: `expected faults only on the embedded service, got them for ${url}`,
    });
  }
  const token = given ?? (file.service.token || undefined);
  const needsToken = url !== 'embedded' && file.targets.some(target => target.url === undefined && !target.token);
  if (needsToken && token === undefined) {
    problems.push({
      path: ['service', 'token'],
      message: `expected a token for ${url}, got nothing`,
      hint: 'export VALID_TOKEN=…, or use --token-file',
    });
  }
  file.targets.forEach((target, index) => {
    if (target.url === undefined || target.token || problemsOfUrl(target.url, []).length > 0) return;
    if (url !== 'embedded' && URL.canParse(target.url) && new URL(target.url).origin === new URL(url).origin) return;
    problems.push({
      path: ['targets', index],
      message: `expected a token for ${target.url}, got nothing`,
      hint: "the service's token goes to the service's host only: add token: ${NAME} here",
    });
  });
  for (const [path, value] of [
    [['service', 'token'], token],
    ...file.targets.map((target, index) => [['targets', index, 'token'], target.token] as const),
  ] as const) {
    if (value && !/^[\x21-\x7e]+$/.test(value))
      problems.push({ path, message: 'expected a token of visible ASCII characters without spaces' });
  }
  return problems;
}
