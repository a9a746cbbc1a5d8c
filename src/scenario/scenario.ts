/**
 * What a user writes: the schema of a scenario file, and with it the manual of its fields. Durations and sizes are
 * text in the file and milliseconds and bytes here; `resolveScenario` gives what it says its final form.
 */
import { z } from 'zod';
import { duration } from './duration.ts';
import { parseObjective, parseStopRule } from './objective.ts';
import { telemetrySchema } from './telemetry.ts';
import { workloadSchema } from './workload.ts';

const positive = z.number().positive();
const count = z.int().min(1);
const path = z.string().min(1);

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

const stopRule = parsed(
  parseStopRule,
  'Ends a step of an endpoint once the ratio over the last so long is beyond its bound: errorRatio > 0.2 for 15s; the whole run, looking at all of it: run: errorRatio > 0.5 for 30s',
);

/** A secret: only ever a reference, so that neither the file nor its copy in a run directory can hold one. */
const secret = z.string().describe('A token, only as ${NAME} or ${NAME:-}: read from the environment, written nowhere');

/** Which requests a fault hits, and when; what is left out sets no bound. */
const faultScope = {
  model: z.string().optional(),
  gpu: z.int().min(0).optional(),
  from: duration.optional().describe('From when on, since the service began'),
  for: duration.optional(),
  ratio: z.number().gt(0).max(1).optional().describe('The share of the requests that it hits'),
};
const afterTokens = z.int().min(0).default(0);

/** What goes wrong in the embedded service, on purpose. */
const fault = z
  .discriminatedUnion('kind', [
    z.strictObject({ ...faultScope, kind: z.enum(['stall', 'gpu_gone']) }),
    z.strictObject({ ...faultScope, kind: z.literal('status'), status: z.literal([500, 502, 503]) }),
    z.strictObject({ ...faultScope, kind: z.literal('slow_headers'), delay: duration }),
    z.strictObject({ ...faultScope, kind: z.literal('slow_token'), delay: duration, afterTokens }),
    z.strictObject({ ...faultScope, kind: z.enum(['reset', 'eof', 'malformed', 'error_event']), afterTokens }),
  ])
  .transform(({ from: fromMs, for: forMs, ...rest }) => {
    const when = { fromMs, forMs };
    return 'delay' in rest ? { ...rest, ...when, delayMs: rest.delay } : { ...rest, ...when };
  });

const warmup = z.union([duration, z.strictObject({ turnovers: z.int().min(0) })]);
const order = z.enum(['interleaved', 'sequential', 'parallel']);

/** One value, a step for each of several, or from one to another over the duration of the step. */
const oneManyOrRamp = <T extends z.ZodType>(value: T, straight: string) =>
  z.union([
    value,
    z.array(value).min(1),
    z.strictObject({
      from: value,
      to: value,
      steps: z.int().min(2).optional().describe(`In so many equally long steps; else ${straight}`),
    }),
  ]);

/** How an open loop spreads its requests in time, and what a closed one waits. */
const pace = {
  thinkTime: duration.optional().describe('Closed loop: pause of a slot between an answer and its next request'),
  arrivals: z
    .enum(['constant', 'poisson', 'gamma', 'burst'])
    .optional()
    .describe('How an open loop spreads them; poisson where it does not say'),
  cv: positive
    .optional()
    .describe('gamma: deviation of the gaps over their mean; below 1 more even, above more clustered'),
  burstSize: count.optional().describe('burst: so many at once, as often as makes the rate'),
  maxInFlight: count.optional(),
  whenFull: z
    .enum(['drop', 'queue'])
    .optional()
    .describe('drop: counted as dropped | queue: sent late, charged from when it was due'),
};

const step = z.strictObject({
  ...pace,
  concurrency: oneManyOrRamp(count, 'one slot at a time')
    .optional()
    .describe('Closed loop: requests in flight per endpoint; a list is a step each, from and to a ramp'),
  per: z
    .enum(['endpoint', 'model'])
    .default('endpoint')
    .describe('model: the endpoints of a model share the concurrency'),
  ratePerS: oneManyOrRamp(positive, 'in a straight line')
    .optional()
    .describe('Open loop: requests per second per endpoint, whatever the answers do; a list or a ramp as above'),
  trace: path.optional().describe('Open loop: replays a .jsonl of dueMs, inputTokens, outputTokens; beside this file'),
  timeScale: positive.optional().describe('trace: factor on its times; 0.5 replays it twice as fast'),
  requests: count.optional().describe('Ends the step after this many requests per endpoint'),
  atMost: duration.optional().describe('Ends a step of so many requests after this time all the same'),
  duration: duration.optional().describe('Ends the step after this time'),
  order: order.optional(),
  warmup: warmup.optional(),
  driver: z
    .enum(['auto', 'socket', 'undici', 'autocannon'])
    .default('auto')
    .describe(
      'What sends the requests; auto: socket over plain http, undici over TLS | autocannon: closed loops of so many unary requests over plain http',
    ),
});

const search = z
  .strictObject({
    objective: parsed(
      parseObjective,
      'What is to hold: a quantile of a time or a ratio, such as p95(ttftMs) <= 800 or goodputRatio >= 0.9',
    ),
    over: z.enum(['ratePerS', 'concurrency']).describe('What is turned: an open loop, or a closed one'),
    from: positive.describe('Tried first; lower loads only where it does not hold'),
    to: positive.describe('Nothing beyond it is tried'),
    requests: count.optional().describe('How many each probe near the limit measures; 30 over the share that may fail'),
    probes: count.default(6).describe('How many of them there are, once both sides of the limit are known'),
    warmup: warmup.optional().describe('Of each probe; a quarter of what it measures where it does not say'),
    ...pace,
  })
  .describe(
    'Instead of steps: finds the highest load that holds an objective, one endpoint and workload after another',
  );

/** tgi: TGI's own JSON | openai-chat: chat completions, of vLLM, SGLang, llama.cpp or TGI's chat route. */
const protocol = z.enum(['tgi', 'openai-chat']);

const target = z.strictObject({
  model: z.string().min(1).optional(),
  gpus: z.array(z.int().min(0)).min(1).optional(),
  name: z.string().min(1).optional(),
  url: z.string().optional().describe('The whole URL of one endpoint, its path verbatim, instead of model and gpus'),
  token: secret.optional(),
  protocol: protocol.optional(),
  devices: z.array(z.string()).optional(),
  workloads: z.array(z.string()).min(1).describe('A cell each, or with mix all in one'),
  mix: z.array(positive).min(2).optional().describe('Weights of the workloads: each request is drawn from them'),
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
      protocol: protocol.default('tgi'),
      headers: z.record(z.string(), z.string()).default({}),
      tls: z.strictObject({ ca: z.string() }).optional().describe('ca: a PEM file to trust besides the usual ones'),
      embedded: z
        .strictObject({
          gpu: z.string().default('A100-80G'),
          fidelity: z.enum(['documented', 'deployed']).default('documented'),
          speed: positive.default(1),
          faults: z.array(fault).default([]),
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
      maxInputTokens: count.optional().describe('Longer prompts are refused before the run; presets are cut to it'),
    })
    .prefault({}),
  workloads: z.record(z.string(), workloadSchema),
  load: z.strictObject({
    warmup: warmup.prefault({ turnovers: 1 }),
    drain: duration.prefault('30s'),
    repetitions: count.default(1),
    floor: z
      .boolean()
      .default(false)
      .describe('Asks the gateway for its health before the run, to say how much of a response time is the way there'),
    steps: z.array(step).min(1).optional(),
    search: search.optional(),
  }),
  stopIf: z
    .union([stopRule, z.array(stopRule)])
    .default([])
    .describe('One rule or several'),
  retry: z
    .strictObject({
      attempts: z.int().min(0).max(100).describe('How often a request may be sent again; 0: never'),
      backoff: duration
        .prefault('500ms')
        .describe('The longest wait before the first retry; doubles with each, fully jittered'),
      maxBackoff: duration.prefault('10s'),
      budget: z.number().min(0).max(100).default(1).describe('Retries per request, over all requests of an endpoint'),
      on: z
        .array(z.enum(['rate_limited', 'overloaded', 'forbidden', 'server_error', 'timeout', 'connection']))
        .default(['rate_limited', 'overloaded']),
    })
    .prefault({ attempts: 0 }),
  goodput: z
    .partialRecord(z.enum(['ttftMs', 'itlMs', 'tpotMs', 'stallMs', 'responseTimeMs']), positive)
    .optional()
    .describe('Limits of one request; a request within all of them is good'),
  objectives: z
    .array(parsed(parseObjective, 'chat, concurrency <= 32: p95(ttftMs) <= 800, or rateLimitedRatio <= 0.01'))
    .default([]),
  telemetry: telemetrySchema,
});

/** A scenario file as the schema leaves it: defaults filled in, durations in milliseconds. */
export type ScenarioFile = z.output<typeof scenarioSchema>;
export type ScenarioStep = z.output<typeof step>;
export type ScenarioSearch = z.output<typeof search>;
export type ProtocolName = z.output<typeof protocol>;
export type Fault = z.output<typeof fault>;
export type Order = z.output<typeof order>;
export type Warmup = z.output<typeof warmup>;

/** The JSON Schema of a scenario file, for editors. */
export function scenarioJsonSchema(): unknown {
  return z.toJSONSchema(scenarioSchema, { io: 'input', target: 'draft-7' });
}
