/**
 * The command line: one file per command, loaded when it is called for; the only place that prints an error and chooses
 * an exit code.
 */
import yargs from 'yargs';
import { traceFormats } from '../arrival/trace-formats.ts';
import { type ExitCode, exitCodes, HarnessError, messageOf } from '../errors.ts';
import { visible } from '../report/document.ts';
import { harnessVersion } from '../run/environment.ts';
import { gateCommands } from './gate-commands.ts';
import { baselinesOption, gateCalibrationOptions } from './gate-options.ts';
import { type Io, say } from './io.ts';
import { scenarioOptions } from './scenario-options.ts';
import { whatIfOptions } from './what-if-options.ts';

/** Runs one command line and gives its exit code; every failure ends as words on stderr. */
export async function cli(argv: readonly string[], io: Io): Promise<ExitCode> {
  let code: ExitCode = exitCodes.done;
  const done = (result: ExitCode) => {
    code = result;
  };
  try {
    await program(argv, io, done).parseAsync();
    return code;
  } catch (error) {
    return explain(error, argv.includes('--verbose'), io);
  }
}

/** Prints a failure as what it is, with its hint; the stack only when asked for. */
function explain(error: unknown, verbose: boolean, io: Io): ExitCode {
  const lines = error instanceof HarnessError ? error.message.split('\n') : [messageOf(error)];
  for (const line of lines) say(io.stderr, `error: ${visible(line)}`);
  if (error instanceof HarnessError && error.hint !== undefined) say(io.stderr, `hint: ${visible(error.hint)}`);
  if (!(error instanceof HarnessError)) say(io.stderr, 'hint: this is a fault of tgi-bench; --verbose shows where');
  if (verbose && error instanceof Error) say(io.stderr, error.stack ?? '');
  return error instanceof HarnessError ? error.exitCode : exitCodes.internal;
}

function program(argv: readonly string[], io: Io, done: (code: ExitCode) => void) {
  const measuring = yargs([...argv])
    .scriptName('tgi-bench')
    .usage('$0 <command>\n\nMeasures self-hosted TGI services, one model×GPU endpoint at a time.')
    .command(
      'run [scenario..]',
      'run scenarios (scenarios/default.yaml where none is named) and leave a run directory each',
      command =>
        scenarioOptions(command)
          .option('out', {
            type: 'string',
            requiresArg: true,
            describe: 'the run directory; with several scenarios, their parent',
          })
          .option('check', {
            type: 'boolean',
            describe: 'exit 3 where an objective is missed, 5 where one cannot be judged',
          })
          .option('resume', {
            type: 'string',
            requiresArg: true,
            describe: 'a run whose search was broken off: a new run goes on with its probes',
          })
          .option('json', { type: 'boolean', describe: 'print run.json on stdout and nothing else' })
          .option('quiet', { type: 'boolean', describe: 'no progress' })
          .option('threads', {
            type: 'string',
            requiresArg: true,
            default: 'auto',
            describe: 'how many threads send; auto: one, more where the load needs them and there are cores',
          }),
      async args => done(await (await import('./run.ts')).run(args, io)),
    )
    .command(
      'probe',
      'what a service really does, beside what its API document says; a dozen requests',
      command =>
        command
          .option('url', {
            type: 'string',
            requiresArg: true,
            describe: 'the service; without one, the embedded service',
          })
          .option('token-file', { type: 'string', requiresArg: true, describe: 'a file that holds the token' })
          .option('model', { type: 'string', default: 'hermes-2-pro-tgi' })
          .option('image-model', { type: 'string', default: 'llava-v1.6-mistral-7b-tgi', describe: '"" for none' })
          .option('gpu', { type: 'number', default: 0 })
          .option('fidelity', {
            choices: ['documented', 'deployed'] as const,
            default: 'documented' as const,
            describe: 'of the embedded service',
          })
          .option('limits', {
            type: 'boolean',
            describe:
              'instead: at which concurrency and rate it begins to refuse; goes past the documented 100 at once',
          })
          .option('check', { type: 'boolean', describe: 'exit 3 where anything differs' })
          .option('json', { type: 'boolean', describe: 'print the points as JSON and nothing else' }),
      async args => done(await (await import('./probe.ts')).probeCommand(args, io)),
    )
    .command(
      'validate [scenario..]',
      'check scenarios without sending anything',
      command =>
        scenarioOptions(command)
          .option('plan', { type: 'boolean', describe: 'say what they would do: cells, requests, time, quantiles' })
          .option('json', { type: 'boolean', describe: 'print the scenarios and cells as JSON' }),
      async args => done(await (await import('./validate.ts')).validate(args, io)),
    )
    .command(
      'telemetry [scenario..]',
      'what a run would see of GPUs and model servers, without any load',
      command =>
        scenarioOptions(command)
          .option('for', { type: 'string', default: '10s', describe: 'for how long' })
          .option('json', { type: 'boolean', describe: 'print the samples as lines of JSON and nothing else' }),
      async args => done(await (await import('./telemetry.ts')).telemetry(args, io)),
    )
    .command(
      'schema [of]',
      'print the JSON Schema of a scenario file, of the policy of a gate, or of a demand',
      command =>
        command.positional('of', { choices: ['scenario', 'gates', 'demand'] as const, default: 'scenario' as const }),
      async ({ of }) => {
        const schema =
          of === 'gates'
            ? (await import('../analysis/gate/policy.ts')).policyJsonSchema()
            : of === 'demand'
              ? (await import('../analysis/capacity/demand-file.ts')).demandJsonSchema()
              : (await import('../scenario/scenario.ts')).scenarioJsonSchema();
        say(io.stdout, JSON.stringify(schema, null, 2));
      },
    )
    .command(
      'report <run>',
      'make every report of a run directory again from its records',
      command =>
        command
          .positional('run', { type: 'string', demandOption: true })
          .option('json', { type: 'boolean', describe: 'print run.json on stdout and nothing else' }),
      async args => done(await (await import('./report.ts')).report(args, io)),
    )
    .command(
      'compare <run..>',
      'lay runs side by side, each with the first, or the endpoints of one run; several runs a side: A1,A2,A3 B1,B2,B3',
      command =>
        command
          .options(baselinesOption)
          .positional('run', {
            type: 'string',
            array: true,
            demandOption: true,
            describe: 'run directories, ids or names of baselines',
          })
          .option('allow', { type: 'string', array: true, nargs: 1, describe: 'what may differ: scenario, gpu' })
          .option('out', {
            type: 'string',
            requiresArg: true,
            describe: 'where comparison.html, .md, .csv and .json go',
          })
          .option('json', { type: 'boolean', describe: 'print comparison.json on stdout and nothing else' }),
      async args => done(await (await import('./compare.ts')).compareCommand(args, io)),
    )
    .command(
      'capacity <run..>',
      'how much each endpoint of some runs can take at its objectives, and what a demand needs of them',
      command =>
        command
          .positional('run', { type: 'string', array: true, demandOption: true, describe: 'run directories or ids' })
          .option('demand', {
            type: 'string',
            requiresArg: true,
            describe:
              'users, growth, prices and policy, such as scenarios/forecast.example.yaml: how many GPUs, at what cost',
          })
          .option('objective', {
            type: 'string',
            array: true,
            nargs: 1,
            describe: 'interactive, server, contract, or such as "p95(ttftMs) <= 800"; else those of the scenario',
          })
          .options(whatIfOptions)
          .option('out', { type: 'string', requiresArg: true, describe: 'where capacity.html, .md and .json go' })
          .option('json', { type: 'boolean', describe: 'print capacity.json on stdout and nothing else' }),
      async args => done(await (await import('./capacity.ts')).capacityCommand(args, io)),
    )
    .command(
      'history [dir]',
      'the runs of a directory, and how a number of each endpoint went from one to the next',
      command =>
        command
          .positional('dir', { type: 'string', default: 'reports', describe: 'where the run directories are' })
          .option('metric', {
            type: 'string',
            requiresArg: true,
            default: 'p95(ttftMs)',
            describe: 'which number; outputTokensPerS, or "chat, concurrency <= 32: p95(tpotMs)"',
          })
          .option('scenario', { type: 'string', requiresArg: true, describe: 'only scenarios that match' })
          .option('target', {
            type: 'string',
            requiresArg: true,
            describe: 'only targets that match, such as "hermes-*"',
          })
          .option('out', { type: 'string', requiresArg: true, describe: 'where history.html, .md, .csv and .json go' })
          .option('json', { type: 'boolean', describe: 'print history.json on stdout and nothing else' }),
      async args => done(await (await import('./history.ts')).historyCommand(args, io)),
    );
  return gateCommands(measuring, io, done)
    .command(
      'serve',
      'start the embedded TGI service',
      command =>
        command
          .option('port', { type: 'number', default: 8000, describe: '0 for any free one' })
          .option('host', { type: 'string', default: '127.0.0.1' })
          .option('fidelity', { choices: ['documented', 'deployed'] as const, default: 'documented' as const })
          .option('gpu', { type: 'string', default: 'A100-80G', describe: 'the simulated GPU' })
          .option('speed', { type: 'number', default: 1, describe: '0.8: every step takes 25 % longer' })
          .option('model', {
            type: 'string',
            array: true,
            nargs: 1,
            describe: 'what to serve; the models of the document or deployment where none is named',
          })
          .option('gpus', { type: 'number', default: 2, describe: 'endpoints per model' }),
      async args => done(await (await import('./serve.ts')).serve(args, io)),
    )
    .command(
      'calibrate',
      'what this machine can send and receive, and how true its times are; under a minute, kept for the runs to come',
      command =>
        command
          .option('streams', {
            type: 'string',
            requiresArg: true,
            default: '25,50,100,200,400,800,1600',
            describe: 'how many at once are tried, until times are late by a millisecond',
          })
          .option('seconds', { type: 'number', default: 1.5, describe: 'how long each load is measured' })
          .option('gate', {
            type: 'string',
            requiresArg: true,
            describe:
              'instead: pairs of runs of this scenario at one service, and what a gate should allow for their noise',
          })
          .options(gateCalibrationOptions)
          .option('json', { type: 'boolean', describe: 'print what was found as JSON and nothing else' }),
      async ({ gate, ...args }) =>
        done(
          gate === undefined
            ? await (await import('./calibrate.ts')).calibrateCommand(args, io)
            : await (await import('./calibrate-gate.ts')).calibrateGate({ ...args, scenario: gate }, io),
        ),
    )
    .command('trace', 'traces to replay', command =>
      command
        .command(
          'convert <file>',
          'print a trace of another form as one that a scenario replays',
          convertCommand =>
            convertCommand
              .positional('file', { type: 'string', demandOption: true })
              .option('format', { choices: ['auto', ...traceFormats] as const, default: 'auto' as const }),
          async args => done(await (await import('./trace.ts')).convert(args, io)),
        )
        .demandCommand(1, 'expected convert, got nothing'),
    )
    .option('verbose', { type: 'boolean', describe: 'show the stack of an error' })
    .demandCommand(1, 'expected a command, got none')
    .strict()
    .version(harnessVersion)
    .wrap(Math.min(io.stdout.columns, 100))
    .exitProcess(false)
    .fail((message, error) => {
      if (error) throw error;
      throw new HarnessError(message, {
        hint: 'tgi-bench --help lists commands and options',
        exitCode: exitCodes.usage,
      });
    });
}
