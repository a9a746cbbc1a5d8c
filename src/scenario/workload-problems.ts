/** What the workloads of a scenario file can get wrong that no schema sees. */

import type { Path, Problem } from '../schema/checked-yaml.ts';
import type { ScenarioFile } from './scenario.ts';
import { mixed } from './target.ts';
import type { Lengths, Workload } from './workload.ts';

/** All problems of a file's workloads. */
export function problemsOfWorkloads({ workloads, limits }: ScenarioFile): Problem[] {
  return Object.entries(workloads).flatMap(([name, workload]) => {
    const at: Path = ['workloads', name];
    const taken =
      name === mixed ? [{ path: at, message: `expected another name than ${mixed}, which stands for several` }] : [];
    return [
      ...taken,
      ...problemsOfPrompt(workload, [...at, 'prompt'], limits.maxInputTokens),
      ...problemsOfImages(workload, at),
      ...problemsOfOutput(workload, at),
      ...problemsOfParameters(workload, [...at, 'parameters']),
    ];
  });
}

function problemsOfPrompt({ prompt, kind }: Workload, at: Path, maxInputTokens: number | undefined): Problem[] {
  const problems = problemsOfChoice(prompt, ['preset', 'text', 'tokens', 'file'], {
    path: at,
    hint: 'for example prompt: { tokens: 128 }',
  });
  const { tokens, sharedPrefix } = prompt;
  if (tokens !== undefined) problems.push(...problemsOfLengths(tokens, [...at, 'tokens']));
  if (prompt.text !== undefined && sharedPrefix !== undefined) {
    problems.push({
      path: [...at, 'sharedPrefix'],
      message: 'expected no sharedPrefix beside text, which every request shares already',
    });
  }
  if (prompt.unique && prompt.text === undefined && prompt.file === undefined) {
    problems.push({
      path: [...at, 'unique'],
      message: 'expected unique only beside file or text, for made-up prompts differ from the first word on',
    });
  }
  const longest = (tokens === undefined ? 0 : longestOf(tokens)) + (sharedPrefix?.tokens ?? 0);
  if (maxInputTokens !== undefined && longest > maxInputTokens) {
    const part = tokens === undefined ? 'sharedPrefix' : 'tokens';
    const hint = kind === 'vlm' ? 'and the image needs some of them' : 'shorter prompts, or another limit';
    const sum = sharedPrefix === undefined || tokens === undefined ? '' : ', shared prefix and all';
    problems.push({
      path: [...at, part],
      message: `expected at most ${maxInputTokens} tokens, limits.maxInputTokens, got up to ${longest}${sum}`,
      hint,
    });
  }
  return problems;
}

function problemsOfImages({ kind, images }: Workload, at: Path): Problem[] {
  const hint = 'for example images: { generate: { width: 336, height: 336 } }';
  if (kind === 'vlm' && images === undefined) return [{ path: at, message: 'expected images, as kind is vlm', hint }];
  if (images === undefined) return [];
  const path = [...at, 'images'];
  if (kind === 'text') return [{ path, message: 'expected no images, as kind is text', hint: 'set kind: vlm' }];
  const problems = problemsOfChoice(images, ['generate', 'sizes', 'files'], { path, hint });
  if (images.fit !== undefined && images.files === undefined)
    problems.push({ path: [...path, 'fit'], message: 'expected fit only beside files' });
  return problems;
}

function problemsOfOutput({ prompt, output }: Workload, at: Path): Problem[] {
  if (output !== undefined) return problemsOfLengths(output.maxNewTokens, [...at, 'output']);
  if (prompt.preset !== undefined) return [];
  return [
    {
      path: [...at, 'output'],
      message: 'expected output, as only a preset brings lengths of its own, got nothing',
      hint: 'for example output: { maxNewTokens: 150 }',
    },
  ];
}

/** What TGI refuses whatever the values: better said here than a thousand times by the service. */
function problemsOfParameters({ parameters, stream }: Workload, at: Path): Problem[] {
  const { best_of = 1, decoder_input_details, do_sample, temperature, top_k, top_p, typical_p, seed } = parameters;
  const problems: Problem[] = [];
  const refused = (field: string, message: string, hint: string) =>
    problems.push({ path: [...at, field], message, hint: `TGI refuses it: ${hint}` });
  if (stream && best_of > 1) refused('best_of', 'expected best_of of 1, as stream is true', 'set stream: false');
  if (stream && decoder_input_details === true)
    refused('decoder_input_details', 'expected no decoder_input_details, as stream is true', 'set stream: false');
  const samples = do_sample === true || [temperature, top_k, top_p, typical_p].some(value => value !== undefined);
  if (best_of > 1 && !samples) refused('best_of', 'expected sampling beside best_of, got none', 'set do_sample: true');
  if (best_of > 1 && seed !== undefined)
    refused('seed', 'expected no seed beside best_of, for its answers would all be the same', 'leave out one of them');
  return problems;
}

/** Of several ways to say the same thing one must be chosen. */
function problemsOfChoice<T extends object>(
  value: T,
  fields: readonly (keyof T & string)[],
  { path, hint }: { path: Path; hint: string },
): Problem[] {
  const given = fields.filter(field => value[field] !== undefined);
  if (given.length === 1) return [];
  const got = given.length === 0 ? 'none' : given.join(' and ');
  return [{ path, message: `expected one of ${fields.join(', ')}, got ${got}`, hint }];
}

/** A distribution must be able to reach what it is bounded to, or every length would be the same bound. */
function problemsOfLengths(lengths: Lengths, path: Path): Problem[] {
  if (typeof lengths === 'number') return [];
  const { min, max } = lengths;
  if (min > max) return [{ path, message: `expected min of at most max, got ${min} and ${max}` }];
  if (lengths.kind === 'uniform' || (lengths.mean >= min && lengths.mean <= max)) return [];
  return [
    {
      path,
      message: `expected a mean between min and max, ${min} and ${max}, got ${lengths.mean}`,
      hint: 'most lengths would be cut to a bound',
    },
  ];
}

function longestOf(lengths: Lengths): number {
  return typeof lengths === 'number' ? lengths : lengths.max;
}
