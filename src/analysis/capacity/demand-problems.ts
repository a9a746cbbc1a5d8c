import type { Problem } from '../../schema/checked-yaml.ts';
import { formatNumber } from '../../units.ts';
import { peakByRequests, peakByUsers, shapeRatio } from './demand.ts';
import type { DemandFile, DemandPart } from './demand-file.ts';

/** What contradicts itself in a demand, or is half said. */
export function problemsOfDemand({ demand, growth, prices }: DemandFile): Problem[] {
  return [
    ...demand.flatMap((part, i) => problemsOfPart(part).map(problem => under(['demand', i], problem))),
    ...twice(demand),
    ...(growth === undefined || (growth.perYear === undefined) !== (growth.perMonth === undefined)
      ? []
      : [{ path: ['growth'], message: 'expected one of perYear and perMonth' }]),
    ...(prices === undefined ? [] : problemsOfPrices(prices).map(problem => under(['prices'], problem))),
  ];
}

function under(path: Problem['path'], problem: Problem): Problem {
  return { ...problem, path: [...path, ...problem.path] };
}

function twice(demand: readonly DemandPart[]): Problem[] {
  const names = demand.map(({ model, workload }) => `${model} ${workload}`);
  return names.flatMap((name, i) =>
    names.indexOf(name) < i
      ? [{ path: ['demand', i], message: `expected each workload of a model once, got ${JSON.stringify(name)} twice` }]
      : [],
  );
}

/** From how far apart on two ways of saying the same contradict each other. */
const tolerance = 0.01;

function differ(a: number, b: number): boolean {
  return Math.abs(a - b) > tolerance * Math.max(a, b);
}

function problemsOfPart(part: DemandPart): Problem[] {
  const { users, activeAtPeak, requestsPerUserHour, requestsPerS } = part;
  const half = users !== undefined && (activeAtPeak === undefined || requestsPerUserHour === undefined);
  const [byUsers, byRequests] = [peakByUsers(part), peakByRequests(part)];
  const named = typeof requestsPerS === 'object' ? requestsPerS : {};
  return [
    ...(users === undefined && requestsPerS === undefined
      ? [
          {
            path: [],
            message: 'expected users, with activeAtPeak and requestsPerUserHour, or requestsPerS, got neither',
          },
        ]
      : []),
    ...(half ? [{ path: ['users'], message: 'expected activeAtPeak and requestsPerUserHour beside users' }] : []),
    ...(users === undefined && activeAtPeak !== undefined
      ? [{ path: ['activeAtPeak'], message: 'expected users beside it, got none' }]
      : []),
    ...(byUsers !== undefined && byRequests !== undefined && differ(byUsers, byRequests)
      ? [
          {
            path: ['requestsPerS'],
            message: `expected what the users come to, ${formatNumber(byUsers)}/s in the busiest hour, got ${formatNumber(byRequests)}/s`,
            hint: 'say it in one way only',
          },
        ]
      : []),
    ...problemsOfRates(part, named),
    ...problemsOfShape(part),
  ];
}

function problemsOfRates(
  part: DemandPart,
  { peak, mean }: { peak?: number | undefined; mean?: number | undefined },
): Problem[] {
  const path = ['requestsPerS'];
  const ratio = shapeRatio(part);
  if (typeof part.requestsPerS === 'object' && peak === undefined && mean === undefined)
    return [{ path, message: 'expected peak, mean or both, got neither' }];
  if (peak !== undefined && mean !== undefined) {
    if (peak < mean) return [{ path, message: `expected a peak of at least the mean, ${mean}, got ${peak}` }];
    if (ratio !== undefined && differ(ratio, peak / mean))
      return [
        {
          path,
          message: `expected the peak to be ${formatNumber(ratio)} times the mean, as the day goes, got ${formatNumber(peak / mean)} times`,
        },
      ];
  }
  if (mean !== undefined && peak === undefined && ratio === undefined)
    return [{ path, message: 'expected how a day goes beside a mean, got neither hours nor peakToMean' }];
  return [];
}

function problemsOfShape({ hours, peakToMean }: DemandPart): Problem[] {
  if (hours !== undefined && peakToMean !== undefined)
    return [{ path: ['peakToMean'], message: 'expected hours or peakToMean, got both' }];
  if (hours?.every(hour => hour === 0))
    return [{ path: ['hours'], message: 'expected a day with requests in it, got 24 zeros' }];
  return [];
}

function problemsOfPrices({ gpu, hostingPerGpuMonth, power }: NonNullable<DemandFile['prices']>): Problem[] {
  const bought = gpu.purchase !== undefined || gpu.years !== undefined;
  const rented = gpu.perHour !== undefined;
  if (bought && rented) return [{ path: ['gpu'], message: 'expected purchase and years, or perHour, got both' }];
  if (!rented && (gpu.purchase === undefined || gpu.years === undefined))
    return [{ path: ['gpu'], message: 'expected purchase and years, or perHour' }];
  if (!rented) return [];
  return [
    ...(hostingPerGpuMonth === undefined ? [] : [{ path: ['hostingPerGpuMonth'], message: alreadyIn }]),
    ...(power === undefined ? [] : [{ path: ['power'], message: alreadyIn }]),
  ];
}

const alreadyIn = 'expected nothing beside perHour, which has power and hosting in it';
