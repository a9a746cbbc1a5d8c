/** What a scenario file can get wrong that no schema sees: everything at once, each with the place it stands at. */
import type { Path, Problem } from '../schema/checked-yaml.ts';
import { nearest } from '../schema/nearest.ts';
import type { ScenarioFile, ScenarioStep } from './scenario.ts';
import { matches, type TargetEntry } from './target.ts';

/** The documented limit of requests in flight per model. */
export const documentedConcurrency = 100;

/** All problems of a file, given its endpoints and the token that came from outside it. */
export function problemsOf(
  file: ScenarioFile,
  targets: readonly TargetEntry[],
  token: string | undefined,
  glob: string | undefined,
): Problem[] {
  return [
    ...problemsOfTargets(file, targets),
    ...problemsOfChoice(targets, glob),
    ...problemsOfWorkloads(file),
    ...problemsOfLoad(file),
    ...problemsOfLimits(file),
    ...problemsOfService(file, token),
  ];
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
    entry.workloads.forEach((name, place) => {
      if (name in file.workloads) return;
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

function problemsOfWorkloads(file: ScenarioFile): Problem[] {
  return Object.entries(file.workloads).flatMap(([name, workload]) => {
    const at: Path = ['workloads', name];
    const problems: Problem[] = [];
    if ((workload.prompt.text === undefined) === (workload.prompt.tokens === undefined)) {
      problems.push({
        path: [...at, 'prompt'],
        message: 'expected one of text and tokens',
        hint: 'for example prompt: { tokens: 128 }',
      });
    }
    if (workload.kind === 'vlm' && workload.images === undefined) {
      problems.push({
        path: at,
        message: 'expected images, as kind is vlm',
        hint: 'for example images: { generate: { width: 336, height: 336 } }',
      });
    }
    if (workload.kind === 'text' && workload.images !== undefined) {
      problems.push({ path: [...at, 'images'], message: 'expected no images, as kind is text', hint: 'set kind: vlm' });
    }
    for (const [field, lengths] of [
      ['prompt', workload.prompt.tokens],
      ['output', workload.output.maxNewTokens],
    ] as const) {
      if (typeof lengths === 'object' && lengths.min > lengths.max)
        problems.push({
          path: [...at, field],
          message: `expected min of at most max, got ${lengths.min} and ${lengths.max}`,
        });
    }
    if (workload.stream && (workload.parameters.best_of ?? 1) > 1) {
      problems.push({
        path: [...at, 'parameters', 'best_of'],
        message: 'expected best_of of 1, as stream is true',
        hint: 'TGI refuses it: set stream: false',
      });
    }
    return problems;
  });
}

function problemsOfLoad(file: ScenarioFile): Problem[] {
  return file.load.steps.flatMap((step, index) => {
    const at: Path = ['load', 'steps', index];
    const problems: Problem[] = [];
    const fieldsOf = (names: readonly (keyof ScenarioStep)[]) => names.filter(name => step[name] !== undefined);
    if ((step.concurrency === undefined) === (step.ratePerS === undefined)) {
      problems.push({ path: at, message: 'expected one of concurrency (closed loop) and ratePerS (open loop)' });
    }
    if ((step.requests === undefined) === (step.duration === undefined)) {
      problems.push({
        path: at,
        message: 'expected one of requests and duration, to know when the step ends',
        hint: 'for example requests: 300, atMost: 60s',
      });
    }
    if (step.atMost !== undefined && step.requests === undefined)
      problems.push({ path: [...at, 'atMost'], message: 'expected atMost only beside requests' });
    const wrong =
      step.concurrency === undefined ? fieldsOf(['thinkTime']) : fieldsOf(['arrivals', 'maxInFlight', 'whenFull']);
    const kind = step.concurrency === undefined ? 'open' : 'closed';
    for (const field of wrong)
      problems.push({
        path: [...at, field],
        message: `expected no ${field} in ${kind === 'open' ? 'an open' : 'a closed'} loop`,
      });
    return problems;
  });
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

function problemsOfUrl(text: string, path: Path): Problem[] {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !['http:', 'https:'].includes(url.protocol)) {
    return [
      {
        path,
        message: `expected an http or https URL, got ${JSON.stringify(text)}`,
        hint: 'for example http://localhost:8000',
      },
    ];
  }
  if (url.username !== '' || url.password !== '')
    return [{ path, message: 'expected a URL without a name and password in it', hint: 'use token: ${NAME}' }];
  return [];
}
