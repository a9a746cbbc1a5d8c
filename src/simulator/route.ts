/** The address of one model on one GPU, and what of the path stands behind it. */
export interface Address {
  readonly model: string;
  readonly gpu: number;
  /** What follows `/<model>/gpu<N>`, with its leading slash. */
  readonly rest: string;
}

/** Reads `/<model>/gpu<N>…`; undefined for any other path. */
export function readAddress(path: string): Address | undefined {
  const match = /^\/([^/]+)\/gpu(\d{1,4})(\/.*)?$/.exec(path);
  if (match === null) return undefined;
  const [, model = '', gpu = '', rest = ''] = match;
  return { model: decoded(model), gpu: Number(gpu), rest };
}

/** A path whose escapes are broken is taken as it stands: it names nothing. */
function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
