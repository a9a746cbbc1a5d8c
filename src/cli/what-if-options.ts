import { routings } from '../engine/router.ts';

/** The options that say what of an endpoint is otherwise, for `capacity --simulate`. */
export const whatIfOptions = {
  simulate: {
    type: 'boolean',
    describe:
      'what if: fits the engine model of TGI to the loads of the runs and tries in virtual time what they did not',
  },
  gpu: {
    type: 'string',
    array: true,
    nargs: 1,
    describe: 'with --simulate: on another GPU, such as L4 or H100-80G',
  },
  set: {
    type: 'string',
    array: true,
    nargs: 1,
    describe: 'with --simulate: started otherwise, such as maxBatchSize=8 or maxBatchTotalTokens=20000',
  },
  engine: {
    type: 'string',
    array: true,
    nargs: 1,
    describe: 'with --simulate: how the measured service was started, where it does not tell, such as tgi=v3',
  },
  gpus: {
    type: 'string',
    requiresArg: true,
    describe: 'with --simulate: fleets of so many GPUs behind a router, such as 1..16 or 2,4,8',
  },
  router: {
    choices: routings,
    describe: 'with --gpus: how it chooses; least-in-flight unless said',
  },
} as const;
