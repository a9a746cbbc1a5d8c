/** What a person says of a demand: `forecast.yaml`, its schema and with it the manual of its fields. Shares are 0.4 or `40 %`. */
import { z } from 'zod';
import { checkedYaml, type YamlSource } from '../../schema/checked-yaml.ts';
import { problemsOfDemand } from './demand-problems.ts';
import { parseChosen } from './objective-sets.ts';

const amount = z.number().min(0);
const positive = z.number().positive();

/** A share of one, or a percentage as text. */
const share = z.union([z.number(), z.string()]).transform((value, context): number => {
  const match = typeof value === 'string' ? /^\s*(-?\d+(?:\.\d+)?)\s*%\s*$/.exec(value) : undefined;
  if (typeof value === 'number') return value;
  if (match) return Number(match[1]) / 100;
  context.addIssue({ code: 'custom', message: `expected a share such as 0.4 or 40 %, got ${JSON.stringify(value)}` });
  return z.NEVER;
});
const within = (least: number, most: number, words: string) =>
  share.refine(value => value >= least && value <= most, { error: `expected a share ${words}` });

const tokens = z.strictObject({ input: positive, output: positive }).describe('Per request, on average');

const part = z.strictObject({
  model: z.string().min(1),
  workload: z.string().min(1).describe('As it was measured'),
  users: positive.optional().describe('All there are; with activeAtPeak and requestsPerUserHour'),
  activeAtPeak: within(0.000001, 1, 'above 0 and up to 1')
    .optional()
    .describe('The share of them that is active in the busiest hour'),
  requestsPerUserHour: positive.optional().describe('Of an active user'),
  requestsPerS: z
    .union([positive, z.strictObject({ peak: positive.optional(), mean: positive.optional() })])
    .optional()
    .describe('In the busiest hour; or { mean } of a day, or both'),
  hours: z
    .array(amount)
    .length(24, { error: 'expected 24 numbers, one an hour' })
    .optional()
    .describe('How a day goes, hour by hour, on any scale'),
  peakToMean: z.number().min(1).optional().describe('In place of hours: the busiest hour against the mean of a day'),
  tokens: tokens.optional(),
});

const growth = z
  .strictObject({
    perYear: within(-0.99, 100, 'above -1').optional(),
    perMonth: within(-0.99, 100, 'above -1').optional(),
    months: positive.describe('The horizon: what is planned is the demand by then'),
  })
  .describe('Of all demand, compounding');

const policy = z.strictObject({
  utilisation: within(0.05, 1, 'from 0.05 to 1')
    .prefault(0.7)
    .describe('How much of its capacity an endpoint is used in the busiest hour; the rest is for what an hour hides'),
  spare: z.int().min(0).default(1).describe('Endpoints of a model more than needed: 1 for N+1'),
  concurrentPerModel: z
    .union([z.int().min(1), z.literal('none')])
    .default(100)
    .describe('Requests in flight of a model over all of its GPUs, as its gateway has it'),
  gateway: z
    .strictObject({
      perAddressPerS: positive.optional().describe('Requests per second of one client address'),
      addresses: z.int().min(1).default(1).describe('How many addresses ask'),
      inAllPerS: positive.optional(),
    })
    .optional()
    .describe('What it lets through'),
});

const prices = z.strictObject({
  currency: z.string().min(1).max(8),
  gpu: z.strictObject({
    purchase: amount.optional().describe('With its share of the machine around it'),
    years: positive.optional().describe('Over which it is paid off'),
    perHour: amount.optional().describe('Rented, power and hosting in it'),
  }),
  hostingPerGpuMonth: amount.optional(),
  power: z
    .strictObject({
      perKWh: amount,
      overhead: z.number().min(1).default(1).describe('Power of the house per power of its GPUs (PUE)'),
    })
    .optional(),
  api: z
    .strictObject({ inputPerMillion: amount, outputPerMillion: amount })
    .optional()
    .describe('What somebody else asks per million tokens, for the break-even'),
});

const objectives = z
  .union([z.string(), z.array(z.string()).min(1)])
  .transform((value, context) => {
    try {
      return parseChosen([value].flat());
    } catch (error) {
      context.addIssue({ code: 'custom', message: (error as Error).message });
      return z.NEVER;
    }
  })
  .describe('interactive | server | contract, or objectives as in a scenario');

const demandSchema = z.strictObject({
  objectives: objectives.optional(),
  growth: growth.optional(),
  policy: policy.prefault({}),
  prices: prices.optional(),
  demand: z.array(part).min(1),
});

export type DemandFile = z.output<typeof demandSchema>;
export type DemandPart = DemandFile['demand'][number];
export type Policy = DemandFile['policy'];
export type Prices = NonNullable<DemandFile['prices']>;

/** Reads and checks a demand. Throws a HarnessError that lists every problem with its place. */
export function parseDemand(source: YamlSource): DemandFile {
  return checkedYaml(demandSchema, source, problemsOfDemand);
}

/** The JSON Schema of a demand file, for editors. */
export function demandJsonSchema(): unknown {
  return z.toJSONSchema(demandSchema, { io: 'input', target: 'draft-7', unrepresentable: 'any' });
}
