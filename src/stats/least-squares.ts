import { levenbergMarquardt } from 'ml-levenberg-marquardt';

/** A curve with parameters: its value at x, and how that changes with each of them. */
export interface CurveModel {
  readonly valueAt: (parameters: readonly number[], x: number) => number;
  readonly slopesAt: (parameters: readonly number[], x: number) => number[];
  readonly least: readonly number[];
  readonly most: readonly number[];
}

export interface Fit {
  readonly parameters: readonly number[];
  /** Of the squares of the residuals. */
  readonly sum: number;
  /** Whether it came to rest; the library stops at so many iterations and does not say. */
  readonly converged: boolean;
}

const iterationsARound = 8;
const rounds = 25;

/** The parameters with the least sum of squared residuals (K. Levenberg, 1944; D. Marquardt, 1963), within the model's bounds. */
export function leastSquares(
  data: { readonly x: readonly number[]; readonly y: readonly number[] },
  model: CurveModel,
  start: readonly number[],
): Fit {
  const sumOf = (parameters: readonly number[]) =>
    data.x.reduce((sum, x, i) => sum + ((data.y[i] as number) - model.valueAt(parameters, x)) ** 2, 0);
  let fit: Fit = { parameters: start, sum: sumOf(start), converged: false };
  for (let round = 0; round < rounds && !fit.converged; round++) {
    const { parameterValues } = levenbergMarquardt(
      { x: [...data.x], y: [...data.y] },
      parameters => x => model.valueAt(parameters, x),
      {
        initialValues: [...fit.parameters],
        minValues: [...model.least],
        maxValues: [...model.most],
        jacobianFunction: parameters => x => model.slopesAt(parameters, x),
        maxIterations: iterationsARound,
        errorTolerance: 1e-15,
      },
    );
    const sum = sumOf(parameterValues);
    if (!Number.isFinite(sum)) break;
    fit = { parameters: parameterValues, sum, converged: fit.sum - sum <= 1e-6 * fit.sum + 1e-14 };
  }
  return fit;
}
