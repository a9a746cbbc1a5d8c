/** Models as the step-time model sees them: how much is read and computed for a token. */

/** One model in 16 bits. */
export interface Model {
  readonly parameters: number;
  /** Parameters of the linear layers that every token passes through; embeddings and head left out. */
  readonly linearParameters: number;
  readonly weightBytes: number;
  /** Keys and values that one token leaves in the cache. */
  readonly kvBytesPerToken: number;
  readonly layers: number;
  readonly hiddenSize: number;
  /** The output projection, read once a step. */
  readonly headBytes: number;
  /** What one picture costs in the vision tower; undefined where the model takes none. */
  readonly visionFlopsPerImage?: number;
  /** True where every prompt must be prefilled in one piece: pictures and encoder–decoder models. */
  readonly wholePrompts: boolean;
  /** True where the shape only stands in for the model's own. */
  readonly approximate: boolean;
}

const mistral = {
  parameters: 7.24e9,
  linearParameters: 6.98e9,
  weightBytes: 14.48e9,
  kvBytesPerToken: 131_072,
  layers: 32,
  hiddenSize: 4096,
  headBytes: 0.26e9,
  wholePrompts: false,
  approximate: false,
} as const;

/** CLIP ViT-L/14-336: 304 M parameters over 577 positions in five tiles (a 2 × 2 grid and the whole picture). */
const clipFlopsPerImage = 2 * 304e6 * 577 * 5;

/**
 * Model presets by name, from the models' published configurations. `mistral-7b` is also Hermes-2-Pro-Mistral and
 * OpenHermes-2.5; `llama-3-8b` also Llama-3.1, Hermes-2-Pro-Llama-3 and Hermes-3; `llama-2-7b` also CodeLlama-7B.
 *
 * The Flan models are encoder–decoder. They stand here as a decoder with the work of theirs: a prompt token passes
 * the encoder and the cross-attention's key and value projections, an answer token the decoder without them, which
 * is the same number of parameters in both models; what is cached a token is one decoder layer's keys and values.
 */
export const modelPresets: Readonly<Record<string, Model>> = {
  'mistral-7b': mistral,
  'llama-3-8b': { ...mistral, parameters: 8.03e9, weightBytes: 16.06e9, headBytes: 1.05e9 },
  'llama-2-7b': {
    ...mistral,
    parameters: 6.74e9,
    linearParameters: 6.476e9,
    weightBytes: 13.5e9,
    kvBytesPerToken: 524_288,
  },
  'phi-3-mini': {
    parameters: 3.82e9,
    linearParameters: 3.6e9,
    weightBytes: 7.6e9,
    kvBytesPerToken: 393_216,
    layers: 32,
    hiddenSize: 3072,
    headBytes: 0.2e9,
    wholePrompts: false,
    approximate: false,
  },
  'llava-1.6-mistral-7b': {
    ...mistral,
    parameters: 7.57e9,
    weightBytes: 15.1e9,
    visionFlopsPerImage: clipFlopsPerImage,
    wholePrompts: true,
  },
  'flan-t5-xxl': {
    parameters: 11.1e9,
    linearParameters: 5.44e9,
    weightBytes: 22.3e9,
    kvBytesPerToken: 393_216,
    layers: 24,
    hiddenSize: 4096,
    headBytes: 0.26e9,
    wholePrompts: true,
    approximate: true,
  },
  'flan-ul2': {
    parameters: 19.6e9,
    linearParameters: 9.66e9,
    weightBytes: 39.2e9,
    kvBytesPerToken: 524_288,
    layers: 32,
    hiddenSize: 4096,
    headBytes: 0.26e9,
    wholePrompts: true,
    approximate: true,
  },
};
