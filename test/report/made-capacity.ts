import { type Assessment, assess } from '../../src/analysis/capacity/assessment.ts';
import { parseDemand } from '../../src/analysis/capacity/demand-file.ts';
import { type Forecast, forecastOf } from '../../src/analysis/capacity/forecast.ts';
import { parseChosen } from '../../src/analysis/capacity/objective-sets.ts';
import { seededRandom } from '../../src/random.ts';
import { madeCurve } from '../analysis/capacity/made-curves.ts';

const demand = `
growth: { perYear: 60 %, months: 12 }
policy: { gateway: { perAddressPerS: 10, addresses: 16 } }
prices:
  currency: EUR
  gpu: { purchase: 18000, years: 4 }
  hostingPerGpuMonth: 90
  power: { perKWh: 0.28, overhead: 1.4 }
  api: { inputPerMillion: 0.15, outputPerMillion: 0.60 }
demand:
  - model: hermes
    workload: chat
    users: 40000
    activeAtPeak: 12 %
    requestsPerUserHour: 60
    tokens: { input: 50, output: 10 }
    hours: [1, 1, 1, 1, 1, 2, 4, 8, 14, 18, 20, 19, 16, 18, 20, 19, 17, 13, 9, 7, 6, 5, 3, 2]
`;

/** Two endpoints of no real GPU, driven in eight closed steps twice, and a demand for them: every part of a report has something to show. */
export function madeCapacity(): { readonly assessment: Assessment; readonly forecast: Forecast } {
  const random = seededRandom('made capacity');
  const run = madeCurve({
    targets: '[{ model: hermes, gpus: [0, 1], workloads: [chat] }]',
    steps: '[{ concurrency: [1, 2, 3, 4, 6, 8, 12, 16], requests: 100 }]',
    repetitions: 2,
    // A closed loop by the law: what a request waits grows with those beside it.
    ttftMs: slots => 100 * (1 + 0.08 * (slots - 1) + 0.004 * slots * (slots - 1)) * Math.exp(random.normal(0, 0.02)),
    tpotMs: 10,
    rest: 'goodput: { ttftMs: 220 }',
    watts: 400,
    hardware: 'made GPU',
  });
  const assessment = assess([run], parseChosen(['p95(ttftMs) <= 200', 'p95(responseTimeMs) <= 400']));
  return { assessment, forecast: forecastOf(assessment, parseDemand({ file: 'd.yaml', text: demand })) };
}
