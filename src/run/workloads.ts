import { exitCodes, HarnessError } from '../errors.ts';
import type { CellResult, Remark } from '../record/run.ts';
import type { Summary } from '../record/summary.ts';
import type { Assets } from '../scenario/assets.ts';
import type { Scenario } from '../scenario/resolve.ts';
import { formatNumber, formatRatio } from '../units.ts';
import { tooLong } from '../workload/input-limit.ts';
import { openWorkload, type PreparedWorkload, withPictures } from '../workload/prepare.ts';
import { costliestPicture, cutOf, type ModelFacts } from '../workload/prompt.ts';
import { areAnswersCut, differentRequests } from '../workload/workload.ts';

export type PreparedWorkloads = ReadonlyMap<string, PreparedWorkload>;

/** What a service has said of each model, by its name in the scenario. */
export type Models = ReadonlyMap<string, ModelFacts>;

/** Reads and checks what the workloads that are used name. Throws a HarnessError that lists everything wrong with it. */
export async function openWorkloads(scenario: Scenario, assets: Assets): Promise<PreparedWorkloads> {
  const problems: string[] = [];
  const complain = (problem: string) => void problems.push(problem);
  const used = new Set(scenario.targets.flatMap(target => target.workloads));
  const opened = new Map<string, PreparedWorkload>();
  for (const [name, workload] of Object.entries(scenario.workloads)) {
    if (!used.has(name)) continue;
    const prepared = await openWorkload(name, workload, assets, complain);
    const { maxInputTokens } = scenario.limits;
    if (maxInputTokens !== undefined)
      for (const problem of tooLong(prepared, maxInputTokens)) complain(`${problem} (limits.maxInputTokens)`);
    opened.set(name, prepared);
  }
  if (problems.length > 0) throw new HarnessError(problems.join('\n'), { exitCode: exitCodes.usage });
  return opened;
}

/** The same with their pictures made. Throws a HarnessError as well where those are too large to be sent. */
export async function prepareWorkloads(scenario: Scenario, assets: Assets): Promise<PreparedWorkloads> {
  const problems: string[] = [];
  const prepared = new Map<string, PreparedWorkload>();
  for (const [name, opened] of await openWorkloads(scenario, assets))
    prepared.set(name, await withPictures(opened, scenario.seed, problem => void problems.push(problem)));
  if (problems.length > 0) throw new HarnessError(problems.join('\n'), { exitCode: exitCodes.usage });
  return prepared;
}

/** What is known of a model from the scenario and from the service. */
export function factsOf(scenario: Scenario, models: Models, model: string): ModelFacts {
  const told = models.get(model);
  const limits = [scenario.limits.maxInputTokens, told?.maxInputTokens].filter(limit => limit !== undefined);
  return { ...told, ...(limits.length === 0 ? {} : { maxInputTokens: Math.min(...limits) }) };
}

/** Throws a HarnessError where a model has said that it takes less than it would be asked. */
export function checkLengths(scenario: Scenario, workloads: PreparedWorkloads, models: Models): void {
  const problems = pairings(scenario, workloads, models).flatMap(({ model, prepared, facts }) => {
    const { maxInputTokens } = facts;
    if (maxInputTokens === undefined) return [];
    const whose =
      maxInputTokens === scenario.limits.maxInputTokens
        ? 'limits.maxInputTokens'
        : `what ${model} says of itself at /info`;
    const problems = [
      ...tooLong(prepared, maxInputTokens, costliestPicture(facts, prepared.name)),
      ...tooLongInTraces(scenario, prepared, facts),
    ];
    return problems.map(problem => `${problem} (${whose})`);
  });
  if (problems.length > 0) throw new HarnessError(problems.join('\n'), { exitCode: exitCodes.usage });
}

/** Prompts of traces that are longer than a model takes, with their line. */
function tooLongInTraces({ load }: Scenario, { name, workload }: PreparedWorkload, facts: ModelFacts): string[] {
  const { preset, tokens, sharedPrefix } = workload.prompt;
  if (preset === undefined && tokens === undefined) return [];
  const { maxInputTokens = Number.POSITIVE_INFINITY } = facts;
  const besides = (sharedPrefix?.tokens ?? 0) + (costliestPicture(facts, name)?.tokens ?? 0);
  return load.steps.flatMap(({ load: asked }) => {
    if (asked.kind === 'closed' || asked.arrivals !== 'trace') return [];
    const { file, longestPrompt } = asked.trace;
    const longest = (longestPrompt?.tokens ?? 0) + besides;
    return longestPrompt === undefined || longest <= maxInputTokens
      ? []
      : [`${file}:${longestPrompt.line}: expected at most ${maxInputTokens} tokens a prompt, got ${longest}`];
  });
}

/** What must be known of the prompts of a run to read its numbers. */
export function remarksOn(scenario: Scenario, workloads: PreparedWorkloads, models: Models): Remark[] {
  return pairings(scenario, workloads, models).flatMap(({ model, prepared, facts }) => {
    const cut = cutOf(prepared, facts);
    const remarks: Remark[] = [];
    if (cut !== undefined) {
      const [tokens, limit] = [cut.tokens, facts.maxInputTokens ?? 0].map(value => value.toLocaleString('en-US'));
      const share = cut.ratio === undefined ? 'the longest' : formatRatio(cut.ratio);
      const text = `${prepared.name}: ${share} of the prompts for ${model} were cut to ${tokens} tokens, within its limit of ${limit}`;
      remarks.push({ text });
    }
    if (areAnswersCut(prepared, facts)) {
      const limit = (facts.maxTotalTokens ?? 0).toLocaleString('en-US');
      const text = `${prepared.name}: answers are asked of ${model} to be no longer than fits beside their prompt, ${limit} tokens in all`;
      remarks.push({ text });
    }
    if (isCalibrated(prepared) && facts.tokensOfWords === undefined)
      remarks.push({
        text: `${prepared.name}: ${model} did not say how long a prompt is; a word was taken for a token`,
        advice: 'give prompt.tokenizer, its tokenizer.json, for exact lengths',
      });
    return remarks;
  });
}

/**
 * Where an endpoint was sent the same request again and again, which a server that keeps prefixes need not work out
 * again. The embedded one keeps none: there it is said of prompt files only, which should be long enough.
 */
export function repeatsIn(workloads: PreparedWorkloads, cells: readonly CellResult[], isSimulated: boolean): Remark[] {
  return [...workloads.values()].flatMap(prepared => {
    const different = differentRequests(prepared);
    const sent = mostSent(cells, prepared.name);
    if (different === undefined || sent <= different || (isSimulated && prepared.prompts.length === 0)) return [];
    const [ofAll, ofThem] = [sent, different].map(value => value.toLocaleString('en-US'));
    const which =
      different === 1
        ? 'one and the same'
        : `${ofThem} different ones, each sent ${formatNumber(sent / different)} times`;
    return [
      {
        text: `${prepared.name}: ${ofAll} requests to an endpoint were ${which}; a server that keeps prefixes answers those faster than users would see`,
        advice: 'set prompt.unique: true, or give a longer file',
      },
    ];
  });
}

/** The most requests of a workload that an endpoint was sent, counted or not. */
function mostSent(cells: readonly CellResult[], workload: string): number {
  const byTarget = new Map<string, number>();
  for (const cell of cells) {
    const part: Summary | undefined = cell.workload === workload ? cell : cell.byWorkload?.[workload];
    if (part === undefined) continue;
    const { counts, warmupRequests, cooldownRequests = 0 } = part;
    const sent = counts.due - counts.dropped + warmupRequests + cooldownRequests;
    byTarget.set(cell.target.name, (byTarget.get(cell.target.name) ?? 0) + sent);
  }
  return Math.max(0, ...byTarget.values());
}

/** Whether the lengths of a workload depend on how the server counts words. */
export function isCalibrated({ workload: { prompt }, wording }: PreparedWorkload): boolean {
  const isMadeUp = prompt.preset !== undefined || prompt.tokens !== undefined || prompt.sharedPrefix !== undefined;
  return isMadeUp && wording === undefined;
}

/** Each model with each of its workloads, once. */
function pairings(scenario: Scenario, workloads: PreparedWorkloads, models: Models) {
  const seen = new Map<string, { model: string; prepared: PreparedWorkload; facts: ModelFacts }>();
  for (const { model, workloads: names } of scenario.targets) {
    for (const name of names) {
      const prepared = workloads.get(name);
      if (prepared !== undefined)
        seen.set(`${model} ${name}`, { model, prepared, facts: factsOf(scenario, models, model) });
    }
  }
  return [...seen.values()];
}
