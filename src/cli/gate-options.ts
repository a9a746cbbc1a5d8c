/** The options of `gate`, `baseline` and `calibrate --gate`, as yargs takes them. */

export const baselinesOption = {
  baselines: { type: 'string', default: 'baselines', describe: 'the directory of baselines' },
} as const;

/** What is taken into a baseline, and why. */
export const takeOptions = {
  ...baselinesOption,
  reason: { type: 'string', demandOption: true, requiresArg: true, describe: 'why it may change; kept in the file' },
} as const;

const policyOptions = {
  policy: { type: 'string', requiresArg: true, describe: 'what a gate lets through, such as gates.yaml' },
  allow: { type: 'string', array: true, nargs: 1, describe: 'what may differ: host, gpu, …' },
} as const;

/** Of a gate, whoever makes its runs. */
export const gateOptions = {
  ...baselinesOption,
  ...policyOptions,
  out: { type: 'string', requiresArg: true, describe: 'where gate.json, gate.md and junit.xml go' },
  json: { type: 'boolean', describe: 'print gate.json on stdout and nothing else' },
} as const;

/** What is run, on both sides. */
const runOptions = {
  'token-file': { type: 'string', requiresArg: true, describe: 'a file that holds the token' },
  seed: { type: 'number', requiresArg: true, describe: 'of the first pair; each later one has the next' },
  target: { type: 'string', requiresArg: true, describe: 'only targets that match' },
  set: { type: 'string', array: true, nargs: 1, describe: 'path=value, for both sides' },
  quiet: { type: 'boolean', describe: 'no progress' },
} as const;

/** Of a gate that makes its runs. */
export const gateRunOptions = {
  'baseline-url': { type: 'string', demandOption: true, requiresArg: true, describe: 'the old service' },
  'candidate-url': { type: 'string', demandOption: true, requiresArg: true, describe: 'the new service' },
  'candidate-token-file': { type: 'string', requiresArg: true, describe: 'where the new one has its own' },
  pairs: { type: 'number', default: 5, describe: 'extended once to twice as many where nothing is shown' },
  'baseline-up': {
    type: 'string',
    requiresArg: true,
    describe: 'starts the old service and runs as long as it does, where both cannot be there at once',
  },
  'candidate-up': { type: 'string', requiresArg: true, describe: 'the same for the new one' },
  ready: { type: 'string', requiresArg: true, describe: 'answers 200 once a started service may be asked' },
  'ready-within': { type: 'string', default: '10m', requiresArg: true },
  plan: { type: 'boolean', describe: 'say how many runs and minutes, and what they can see; nothing is sent' },
  history: {
    type: 'string',
    array: true,
    requiresArg: true,
    describe: 'with --plan: earlier runs, or a baseline, that tell how noisy and how long they are',
  },
  ...runOptions,
} as const;

/** Of a gate's calibration. */
export const gateCalibrationOptions = {
  url: { type: 'string', requiresArg: true, describe: 'with --gate: the service; without one, the embedded service' },
  pairs: { type: 'number', default: 40, describe: 'with --gate: of runs; fewer know the noise less well' },
  planned: { type: 'number', default: 5, describe: 'with --gate: how many pairs the gate will plan' },
  out: { type: 'string', requiresArg: true, describe: 'with --gate: where the runs and calibration.md go' },
  ...policyOptions,
  ...runOptions,
} as const;
