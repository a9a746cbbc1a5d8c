/** Whether two services that are asked without chance say the same: fast garbage must not win. */
import type { GreedyAnswer } from '../../protocol/greedy-answer.ts';
import { plural } from '../../units.ts';
import { type Check, failed, fine } from './check.ts';
import type { Policy } from './policy.ts';

/** What one side answered to one prompt, each time it was asked. */
export interface GreedyAnswers {
  /** Endpoint and workload. */
  readonly where: string;
  readonly answers: readonly GreedyAnswer[];
  /** Why an answer is missing, where one is. */
  readonly problem?: string;
}

/** What both sides answered to the same prompts, in the same order. */
export interface GreedyAsked {
  readonly baseline: readonly GreedyAnswers[];
  readonly candidate: readonly GreedyAnswers[];
}

/** One check a prompt; none where nothing was asked. */
export function checkGreedy({ baseline, candidate }: GreedyAsked, { greedy }: Pick<Policy, 'greedy'>): Check[] {
  return baseline.map((ours, i) => {
    const check = { stage: 'correctness' as const, name: `greedy prompt ${i + 1}`, where: ours.where };
    const unjudged = (why: string) => fine({ ...check, text: `not judged: ${why}` }, 'warned');
    const wrong = (text: string) =>
      greedy === 'critical' ? failed({ ...check, text }) : fine({ ...check, text }, 'warned');
    const theirs = candidate[i];
    if (ours.problem !== undefined) return unjudged(`the baseline gave no answer: ${ours.problem}`);
    if (theirs === undefined) return unjudged('the candidate was not asked');
    if (theirs.problem !== undefined) return wrong(`no answer: ${theirs.problem}`);
    const { agreed, isWhole } = agreementOf(ours.answers);
    if (agreed === 0) return unjudged('the baseline does not agree with itself');
    const words = `${plural(agreed, 'token')} that the baseline says each time${isWhole ? ', and its end' : ''}`;
    const problem = theirs.answers.map(answer => problemOf(answer, ours.answers, agreed, isWhole)).find(Boolean);
    return problem === undefined ? fine({ ...check, text: `the same ${words}` }) : wrong(`${problem}, of ${words}`);
  });
}

/** How many tokens all answers begin with, and whether they are the same to the end. */
function agreementOf(answers: readonly GreedyAnswer[]): { agreed: number; isWhole: boolean } {
  const [first, ...others] = answers;
  if (first === undefined) return { agreed: 0, isWhole: false };
  const agreed = Math.min(first.tokens.length, ...others.map(other => commonLength(first, other)));
  const isWhole = answers.every(
    ({ tokens, finishReason }) => tokens.length === agreed && finishReason === first.finishReason,
  );
  return { agreed, isWhole };
}

function problemOf(
  answer: GreedyAnswer,
  baseline: readonly GreedyAnswer[],
  agreed: number,
  isWhole: boolean,
): string | undefined {
  const [expected] = baseline as [GreedyAnswer];
  const same = commonLength(answer, expected);
  if (same < agreed) return `another answer from token ${same + 1} on`;
  if (isWhole && answer.tokens.length !== agreed) return `an answer of ${answer.tokens.length} tokens`;
  if (isWhole && answer.finishReason !== expected.finishReason)
    return `ended by ${answer.finishReason ?? 'nothing'}, not by ${expected.finishReason ?? 'nothing'}`;
  return undefined;
}

function commonLength(a: GreedyAnswer, b: GreedyAnswer): number {
  const shorter = Math.min(a.tokens.length, b.tokens.length);
  for (let i = 0; i < shorter; i++) if (a.tokens[i] !== b.tokens[i]) return i;
  return shorter;
}
