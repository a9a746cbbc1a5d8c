/** What a user writes of a workload: what to ask, how long it is, and how the answer is to come. */
import { z } from 'zod';

const positive = z.number().positive();
const count = z.int().min(1);
const path = z.string().min(1);

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

const presetName = z.enum(['chat', 'rag', 'summarise', 'code', 'agent']);

const prompt = z
  .strictObject({
    preset: presetName.describe('Lengths of prompts and answers as they were seen in production'),
    text: z.string().min(1).describe('The same prompt each time'),
    tokens: lengths.describe('Made-up English of about this many tokens'),
    file: path.describe(
      'Prompts as they stand, all of them in a random order and then again in another: .txt (one a line), .jsonl (prompt or messages) or ShareGPT .json',
    ),
    unique: z
      .boolean()
      .describe('With file or text: each prompt begins with a few words of its own, so that no cache answers it'),
    sharedPrefix: z
      .strictObject({
        ratio: z.number().gt(0).max(1).describe('The share of the requests that begin so'),
        tokens: count.describe('How long it is; a prompt comes after it'),
      })
      .describe('A beginning that requests share; without it made-up prompts differ from the first word on'),
    tokenizer: path.describe("The model's tokenizer.json: made-up prompts then have exactly the tokens asked for"),
  })
  .partial();

const generatedImages = z.strictObject({
  width: count.max(1024),
  height: count.max(1024),
  format: z.enum(['jpeg', 'png', 'webp']).default('jpeg'),
  quality: z.int().min(1).max(100).default(85),
  count: count.max(1000).default(16).describe('How many different images; each request takes one of them'),
});

const images = z
  .strictObject({
    generate: generatedImages,
    sizes: z
      .array(generatedImages.extend({ weight: positive.default(1) }))
      .min(1)
      .describe('Several sizes in one workload, told apart in the report'),
    files: path.describe('Pictures as they are, such as images/*.jpg; * and ? in the last part'),
    fit: count
      .max(1024)
      .describe('With files: scales down into a square of so many pixels, upright, RGB without transparency'),
  })
  .partial();

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

export const workloadSchema = z.strictObject({
  kind: z.enum(['text', 'vlm']),
  prompt,
  images: images.optional(),
  output: z
    .strictObject({ maxNewTokens: lengths })
    .optional()
    .describe('Beside a preset: one number is the most that is asked for, a distribution takes the place of its own'),
  parameters: parameters.default({}),
  stream: z.boolean().default(true),
});

/** A workload as the schema leaves it: defaults filled in. */
export type Workload = z.output<typeof workloadSchema>;
export type Lengths = z.output<typeof lengths>;
export type PresetName = z.output<typeof presetName>;
export type Images = z.output<typeof images>;
export type GeneratedImages = z.output<typeof generatedImages>;
export type Parameters = z.output<typeof parameters>;
