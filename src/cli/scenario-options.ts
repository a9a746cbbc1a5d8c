import type { Argv } from 'yargs';

/** The options that say what to run. */
export function scenarioOptions<T>(command: Argv<T>) {
  return command
    .positional('scenario', { type: 'string', array: true, describe: 'scenario files' })
    .option('url', {
      type: 'string',
      requiresArg: true,
      describe: 'the service, such as http://localhost:8000; its token from $VALID_TOKEN or --token-file',
    })
    .option('token-file', { type: 'string', requiresArg: true, describe: 'a file that holds the token' })
    .option('seed', { type: 'number', requiresArg: true })
    .option('target', { type: 'string', requiresArg: true, describe: 'only targets that match, such as "hermes-*"' })
    .option('set', { type: 'string', array: true, nargs: 1, describe: 'path=value, such as load.repetitions=3' })
    .option('model', { type: 'string', requiresArg: true, describe: 'without a scenario: the model to drive' })
    .option('gpu', { type: 'number', array: true, nargs: 1, describe: 'with --model: its GPUs' })
    .option('vlm', { type: 'boolean', describe: 'with --model: send an image with each prompt' })
    .option('concurrency', { type: 'string', requiresArg: true, describe: 'with --model: such as 1,8,32' })
    .option('requests', { type: 'number', requiresArg: true, describe: 'with --model: per step' });
}
