import { type Fidelity, mistyped, readParameters } from './parameters.ts';
import type { Asked } from './validation.ts';

/** Reads the body of `generate`; unknown keys are ignored. Throws Refused: mistyped. */
export function readGenerateBody(body: unknown, fidelity: Fidelity): Asked {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) throw mistyped('body', 'an object', body);
  const { inputs, parameters, stream } = body as Readonly<Record<string, unknown>>;
  if (typeof inputs !== 'string') throw mistyped('inputs', 'a string', inputs);
  if (stream !== undefined && typeof stream !== 'boolean') throw mistyped('stream', 'a boolean', stream);
  return { inputs, parameters: readParameters(parameters, fidelity), stream: stream ?? false };
}
