/** What a model server said of itself over the window of a cell. null: it did not say. */
export interface ServerSummary {
  readonly simulated: boolean;
  /** Answers in the window, and times it was asked and did not answer. */
  readonly samples: number;
  readonly missed: number;
  readonly queueSize: { readonly mean: number; readonly max: number } | null;
  readonly batchSize: { readonly mean: number; readonly max: number } | null;
  /** Means over the requests that succeeded between the first and the last answer in the window. */
  readonly successes: number | null;
  readonly validationMs: number | null;
  readonly queueMs: number | null;
  readonly inferenceMs: number | null;
  readonly totalMs: number | null;
  /** What went wrong in the window. */
  readonly gaps: readonly string[];
}

/** What kept a cell from being faster, in words, with the figures that say so. */
export interface Diagnosis {
  readonly kind: DiagnosisKind;
  readonly text: string;
  readonly evidence: readonly string[];
}

export type DiagnosisKind =
  | 'compute-bound'
  | 'kv-bound'
  | 'gateway-limited'
  | 'client-limited'
  | 'throttled'
  | 'noisy-neighbour';
