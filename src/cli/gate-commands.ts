/** The commands that say whether a service is worse than another, or than it was. */
import type { Argv } from 'yargs';
import type { ExitCode } from '../errors.ts';
import { baselinesOption, gateOptions, gateRunOptions, takeOptions } from './gate-options.ts';
import type { Io } from './io.ts';

/** Adds `gate` and `baseline` to a program. */
export function gateCommands<T>(program: Argv<T>, io: Io, done: (code: ExitCode) => void): Argv<T> {
  return program
    .command(
      'gate',
      'judge runs of a candidate against runs of a baseline: exit 4 for a regression, 5 where neither is shown',
      command =>
        command
          .options(gateOptions)
          .command(
            'run <scenario>',
            'make interleaved pairs of runs of two services, as many as it takes, and judge them',
            runCommand =>
              runCommand.positional('scenario', { type: 'string', demandOption: true }).options(gateRunOptions),
            async args => done(await (await import('./gate-run.ts')).gateRun(args, io)),
          )
          .option('baseline', {
            type: 'string',
            array: true,
            requiresArg: true,
            describe: 'names of baselines, run directories or ids',
          })
          .option('candidate', { type: 'string', array: true, requiresArg: true, describe: 'run directories or ids' })
          .option('paired', { type: 'boolean', describe: 'the runs were made in pairs, in the order given' }),
      async args => done(await (await import('./gate.ts')).gate(args, io)),
    )
    .command('baseline', 'runs that later ones are measured by, kept in baselines/', command =>
      command
        .command(
          'list',
          'every baseline, when it was changed last and why',
          listCommand => listCommand.options(baselinesOption),
          async args => done(await (await import('./baseline.ts')).listBaselines(args, io)),
        )
        .command(
          'update <name> <run..>',
          'take runs into a rolling baseline, which keeps the latest',
          takeCommand =>
            taken(takeCommand).option('keep', { type: 'number', default: 10, describe: 'how many runs stay' }),
          async args => done(await (await import('./baseline.ts')).updateBaseline(args, io)),
        )
        .command(
          'pin <name> <run..>',
          'make a baseline of just these runs, which stays as it is',
          takeCommand => taken(takeCommand),
          async args => done(await (await import('./baseline.ts')).pinBaseline(args, io)),
        )
        .demandCommand(1, 'expected list, update or pin, got nothing'),
    );
}

/** What is taken into a baseline, and why. */
function taken<T>(command: Argv<T>) {
  return command
    .positional('name', { type: 'string', demandOption: true })
    .positional('run', { type: 'string', array: true, demandOption: true, describe: 'run directories or ids' })
    .options(takeOptions);
}
