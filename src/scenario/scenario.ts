/**
 * What a user writes: the schema of a scenario file, and with it the manual of its fields. Durations and sizes are
 * text in the file and milliseconds and bytes here; `resolveScenario` gives what it says its final form.
 */
import { z } from 'zod';
import { parseDurationMs } from '../units.ts';
import { parseObjective, parseStopRule } from './objective.ts';

const positive = z.number().positive();
const count = z.int().min(1);
const oneOrMore = <T extends z.ZodType>(item: T) => z.union([item, z.array(item).min(1)]);

const duration = z
  .string({ error: 'expected a duration such as 30s, 250ms or 5m' })
  .regex(/^\s*\d+(\.\d+)?\s*(ms|s|m|h)\s*$/, { error: 'expected a duration such as 30s, 250ms or 5m' })
  .transform(text => parseDurationMs(text) ?? Number.NaN)
  .describe('A duration: 250ms, 30s, 5m, 1h');

/** Text in a small language of its own; what its parser throws becomes the problem. */
const parsed = <T>(parse: (text: string) => T, description: string) =>
  z
    .string()
    .transform((text, context) => {
      try {
        return parse(text);
      } catch (error) {
        context.addIssue({ code: 'custom', message: (error as Error).message });
        return z.NEVER;
      }
    })
    .describe(description);

/** A secret: only ever a reference, so that neither the file nor its copy in a run directory can hold one. */
const secret = z.string().describe('A token, only as ${NAME} or ${NAME:-}: read from the environment, written nowhere');

const lengths = z.union([
  count,
  z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('uniform'), min: count, max: count }),
    z.strictObject({
      kind: z.literal('normal'),
      mean: positive,
      deviation: positive,
      min: count.default(1),
      max: count,
    }),
    z.strictObject({
      kind: z.literal('lognormal'),
      mean: positive,
      deviation: positive,
      min: count.default(1),
      max: count,
    }),
  ]),
]);

const generatedImages = z.strictObject({
  width: count.max(1024),
  height: count.max(1024),
  format: z.enum(['jpeg', 'png', 'webp']).default('jpeg'),
  quality: z.int().min(1).max(100).default(85),
  count: count.max(1000).default(16).describe('How many different images; requests take them in turn'),
});

/** The generation parameters of the API document; only those that are set are sent. */
const parameters = z.strictObject({
  temperature: positive.optional(),
  top_p: z.number().gt(0).lt(1).optional(),
  top_k: count.optional(),
  repetition_penalty: positive.optional(),
  frequency_penalty: z.number().min(-2).max(2).optional(),
  typical_p: z.number().gt(0).lt(1).optional(),
  stop: z.array(z.string()).max(4).optional(),
  seed: z.int().min(0).optional(),
  do_sample: z.boolean().optional(),
  best_of: count.optional(),
  decoder_input_details: z.boolean().optional(),
  details: z.boolean().optional(),
  watermark: z.boolean().optional(),
  return_full_text: z.boolean().optional(),
});

const workload = z.strictObject({
  kind: z.enum(['text', 'vlm']),
  prompt: z.strictObject({
    text: z.string().min(1).optional().describe('The same prompt each time'),
    tokens: lengths.optional().describe('Made-up English of about this many tokens, different from the first word on'),
  }),
  images: z.strictObject({ generate: generatedImages }).optional(),
  output: z.strictObject({ maxNewTokens: lengths }),
  parameters: parameters.default({}),
  stream: z.boolean().default(true),
});

const warmup = z.union([duration, z.strictObject({ turnovers: z.int().min(0) })]);
const order = z.enum(['interleaved', 'sequential', 'parallel']);

const step = z.strictObject({
  concurrency: oneOrMore(count)
    .optional()
    .describe('Closed loop: requests in flight per endpoint; a list is a step each'),
  thinkTime: duration.optional().describe('Closed loop: pause of a slot between an answer and its next request'),
  per: z
    .enum(['endpoint', 'model'])
    .default('endpoint')
    .describe('model: the endpoints of a model share the concurrency'),
  ratePerS: oneOrMore(positive)
    .optional()
    .describe('Open loop: requests per second per endpoint, whatever the answers do'),
  arrivals: z.enum(['constant', 'poisson']).optional(),
  maxInFlight: count.optional(),
  whenFull: z
    .enum(['drop', 'queue'])
    .optional()
    .describe('drop: counted as dropped | queue: sent late, charged from when it was due'),
  requests: count.optional().describe('Ends the step after this many requests per endpoint'),
  atMost: duration.optional().describe('Ends a step of so many requests after this time all the same'),
  duration: duration.optional().describe('Ends the step after this time'),
  order: order.optional(),
  warmup: warmup.optional(),
});

const target = z.strictObject({
  model: z.string().min(1).optional(),
  gpus: z.array(z.int().min(0)).min(1).optional(),
  name: z.string().min(1).optional(),
  url: z.string().optional().describe('The whole URL of one endpoint, its path verbatim, instead of model and gpus'),
  token: secret.optional(),
  devices: z.array(z.string()).optional(),
  workloads: z.array(z.string()).min(1),
});

export const scenarioSchema = z.strictObject({
  name: z.string().regex(/^[A-Za-z0-9][\w.-]{0,63}$/, { error: 'expected a name of letters, digits, dots and dashes' }),
  seed: z.int().min(0).default(42),
  service: z
    .strictObject({
      url: z
        .string()
        .default('embedded')
        .describe('http://host:8000, or embedded: the service that comes with this program'),
      token: secret.optional(),
      protocol: z.enum(['tgi']).default('tgi'),
      headers: z.record(z.string(), z.string()).default({}),
      tls: z.strictObject({ ca: z.string() }).optional().describe('ca: a PEM file to trust besides the usual ones'),
      embedded: z
        .strictObject({
          gpu: z.string().default('A100-80G'),
          fidelity: z.enum(['documented', 'deployed']).default('documented'),
          speed: positive.default(1),
        })
        .prefault({}),
      imageSyntax: z.enum(['tag', 'markdown']).default('tag'),
    })
    .prefault({}),
  targets: z.array(target).min(1),
  order: order.default('interleaved'),
  limits: z
    .strictObject({
      concurrentPerModel: count
        .optional()
        .describe('Requests in flight per model over all its GPUs; 100 unless exceed'),
      exceed: z.boolean().default(false).describe('Consent to go beyond the documented 100'),
      requestTimeout: duration.prefault('30s'),
      maxInputTokens: count.optional(),
    })
    .prefault({}),
  workloads: z.record(z.string(), workload),
  load: z.strictObject({
    warmup: warmup.prefault({ turnovers: 1 }),
    drain: duration.prefault('30s'),
    repetitions: count.default(1),
    steps: z.array(step).min(1),
  }),
  stopIf: parsed(parseStopRule, 'Ends a step: errorRatio > 0.2 for 15s').optional(),
  goodput: z
    .partialRecord(z.enum(['ttftMs', 'itlMs', 'tpotMs', 'stallMs', 'responseTimeMs']), positive)
    .optional()
    .describe('Limits of one request; a request within all of them is good'),
  objectives: z
    .array(parsed(parseObjective, 'chat, concurrency <= 32: p95(ttftMs) <= 800, or rateLimitedRatio <= 0.01'))
    .default([]),
});

/** A scenario file as the schema leaves it: defaults filled in, durations in milliseconds. */
export type ScenarioFile = z.output<typeof scenarioSchema>;
export type ScenarioStep = z.output<typeof step>;
export type Workload = z.output<typeof workload>;
export type Lengths = z.output<typeof lengths>;
export type GeneratedImages = z.output<typeof generatedImages>;
export type Parameters = z.output<typeof parameters>;
export type Order = z.output<typeof order>;
export type Warmup = z.output<typeof warmup>;

/** The JSON Schema of a scenario file, for editors. */
export function scenarioJsonSchema(): unknown {
  return z.toJSONSchema(scenarioSchema, { io: 'input', target: 'draft-7' });
}
