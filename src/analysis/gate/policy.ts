/** What a gate lets through: `gates.yaml`, its schema and what stands where it says nothing. */
import { z } from 'zod';
import { parseMeasure, type SelectedMeasure } from '../../scenario/objective.ts';
import { checkedYaml, type YamlSource } from '../../schema/checked-yaml.ts';
import { type LikenessPart, likenessParts } from './likeness.ts';

const share = z.number().gt(0).lt(1);

const measure = z
  .string()
  .transform((text, context): SelectedMeasure => {
    try {
      return parseMeasure(text);
    } catch (error) {
      context.addIssue({ code: 'custom', message: (error as Error).message });
      return z.NEVER;
    }
  })
  .describe('p95(ttftMs), outputTokensPerS, or of some cells only: chat, concurrency <= 32: p95(tpotMs)');

const date = z.iso.date({ error: 'expected a date such as 2027-01-31' });

const metric = z.strictObject({
  metric: measure,
  allowance: share.describe(
    'How much worse it may be: 0.1 for 10 %; of a ratio, in shares of requests: 0.01 for 1 point',
  ),
  better: z.enum(['lower', 'higher']).optional().describe('Which way is better, where not as the metric has it'),
  severity: z.enum(['critical', 'warn']).default('critical').describe('warn: shown, and never what a gate fails by'),
});

const waiver = z.strictObject({
  metric: z.string().min(1).describe('As it stands above, or unanswered'),
  reason: z.string().min(1),
  until: date.describe('The last day on which it holds'),
});

/** What stands for all of it where there is no file, and for each part that a file leaves out. */
const defaultMetrics = ['p95(ttftMs)', 'p95(tpotMs)', 'p95(responseTimeMs)', 'outputTokensPerS'].map(name => ({
  metric: name,
  allowance: 0.1,
}));

const policySchema = z.strictObject({
  metrics: z.array(metric).min(1).prefault(defaultMetrics),
  unanswered: share.default(0.01).describe('By how many of all requests more may stay without an answer'),
  answerLength: share.default(0.1).describe('By how much the mean length of an answer may change, either way'),
  greedy: z
    .enum(['critical', 'warn', 'off'])
    .default('critical')
    .describe('Whether greedy answers must be the same, token by token, as far as the baseline agrees with itself'),
  onInconclusive: z
    .enum(['pass', 'fail'])
    .optional()
    .describe('pass: exit 0 with a warning; fail: exit 4 as for a regression; else exit 5'),
  allow: z.array(z.enum(likenessParts)).default([]).describe('What may differ between the sides'),
  waivers: z.array(waiver).default([]),
});

export type Policy = z.output<typeof policySchema>;
export type Waiver = Policy['waivers'][number];

/** Reads and checks a policy. Throws a HarnessError that lists every problem with its place. */
export function parsePolicy(source: YamlSource): Policy {
  return checkedYaml(policySchema, source, ({ metrics, waivers }) => {
    const names = metrics.map(({ metric }) => metric.text);
    return [
      ...names.flatMap((name, i) =>
        names.indexOf(name) < i
          ? [
              {
                path: ['metrics', i, 'metric'],
                message: `expected each metric once, got ${JSON.stringify(name)} twice`,
              },
            ]
          : [],
      ),
      ...waivers.flatMap(({ metric: name }, i) =>
        name === unansweredName || names.includes(name)
          ? []
          : [
              {
                path: ['waivers', i, 'metric'],
                message: `expected one of ${[...names, unansweredName].join(' | ')}, got ${JSON.stringify(name)}`,
              },
            ],
      ),
    ];
  });
}

/** The JSON Schema of a policy file, for editors. */
export function policyJsonSchema(): unknown {
  return z.toJSONSchema(policySchema, { io: 'input', target: 'draft-7' });
}

/** The name of the ratio that every gate looks at. */
export const unansweredName = 'unanswered';

export const defaultPolicy: Policy = policySchema.parse({});

/** The policy with more allowed to differ. */
export function allowing(policy: Policy, parts: readonly LikenessPart[]): Policy {
  return { ...policy, allow: [...policy.allow, ...parts] };
}
