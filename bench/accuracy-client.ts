/**
 * One run of `bench:accuracy` in a process of its own, which can be given a core of its own: the way a user's run goes,
 * but for its clock, whose zero is told so that others can lay their times beside those of its records.
 */

import { runOne } from '../src/cli/one-run.ts';
import { loadScenarios } from '../src/cli/scenario-source.ts';
import { monotonicMs } from '../src/clock.ts';
import { takeThatCore } from './performance/pinned.ts';

const [, , file = '', directory = ''] = process.argv;

const nowhere = { write: () => {}, draw: () => {}, isDrawable: false, columns: 80, rows: 24, colour: false };
const io = {
  stdout: nowhere,
  stderr: nowhere,
  environment: process.env,
  directory: process.cwd(),
  interrupted: new AbortController().signal,
};
const [loaded] = loadScenarios({ scenario: [file] }, io);
if (loaded === undefined) throw new Error(`no scenario in ${file}`);
await takeThatCore();
const beganMs = monotonicMs();
await runOne(loaded, { id: 'accuracy', directory, quiet: true, io, beganMs });
process.stdout.write(`${JSON.stringify({ beganMs })}\n`);
