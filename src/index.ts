/** The public API: the pieces a program of its own needs to run a scenario and to read what it left. */
export { cli } from './cli/cli.ts';
export type { Run } from './record/run.ts';
