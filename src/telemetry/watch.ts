/** Something that is watched until it is told to stop. */
export interface Watch {
  /** Resolves once it has shown what there is, or failed to. */
  readonly settled: Promise<void>;
  /** Ends it, and all that it started, within seconds. */
  stop(): Promise<void>;
}
