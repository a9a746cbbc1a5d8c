/** Whether two services that are asked without chance say the same: fast garbage must not win. */
import { type Check, failed, fine } from './check.ts';
import type { Policy } from './policy.ts';

/** An answer to a greedy prompt, by the ids of its tokens, or by its text where the protocol tells no ids. */
export interface GreedyAnswer {
  readonly tokens: readonly (number | string)[];
  readonly finishReason?: string | undefined;
}

/** One prompt, and what both sides answered each time they were asked. */
export interface GreedyQuestion {
  /** Endpoint and workload. */
  readonly where: string;
  readonly baseline: readonly GreedyAnswer[];
  readonly candidate: readonly GreedyAnswer[];
}

/** One check a question; none where nothing was asked. */
export function checkGreedy(questions: readonly GreedyQuestion[], { greedy }: Pick<Policy, 'greedy'>): Check[] {
  return questions.map((question, i) => {
    const check = { stage: 'correctness' as const, name: `greedy prompt ${i + 1}`, where: question.where };
    const { agreed, isWhole } = agreementOf(question.baseline);
    if (agreed === 0) return fine({ ...check, text: 'not judged: the baseline does not agree with itself' }, 'warned');
    const words = `${agreed} tokens that the baseline says each time${isWhole ? ', and its end' : ''}`;
    const problem = question.candidate
      .map(answer => problemOf(answer, question.baseline, agreed, isWhole))
      .find(Boolean);
    if (problem === undefined) return fine({ ...check, text: `the same ${words}` });
    const text = `${problem}, of ${words}`;
    return greedy === 'critical' ? failed({ ...check, text }) : fine({ ...check, text }, 'warned');
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
