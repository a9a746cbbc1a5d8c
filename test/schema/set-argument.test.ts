import { describe, expect, it } from 'vitest';
import { HarnessError } from '../../src/errors.ts';
import { parseSetArgument } from '../../src/schema/set-argument.ts';

describe('parseSetArgument', () => {
  it.each([
    ['seed=7', ['seed'], 7],
    ['load.steps[0].concurrency=8', ['load', 'steps', 0, 'concurrency'], 8],
    ['load.steps[12].ratePerS=[1, 2.5]', ['load', 'steps', 12, 'ratePerS'], [1, 2.5]],
    ['limits.requestTimeout=30s', ['limits', 'requestTimeout'], '30s'],
    ['workloads.chat-2.stream=false', ['workloads', 'chat-2', 'stream'], false],
    ['load.warmup={ turnovers: 2 }', ['load', 'warmup'], { turnovers: 2 }],
    ['stopIf=errorRatio > 0.2 for 15s', ['stopIf'], 'errorRatio > 0.2 for 15s'],
    ['service.url=http://h:8000/a?b=c', ['service', 'url'], 'http://h:8000/a?b=c'],
    ['stopIf=', ['stopIf'], null],
  ])('reads %s', (argument, path, value) => {
    expect(parseSetArgument(argument)).toEqual({ path, value });
  });

  it.each(['seed', '=7', 'load..steps=1', 'load.steps[x]=1', '.seed=1', 'load.steps[0]x=1', ''])(
    'refuses %j as a usage error that shows how',
    argument => {
      expect(() => parseSetArgument(argument)).toThrow(HarnessError);
      expect(() => parseSetArgument(argument)).toThrow(
        expect.objectContaining({ exitCode: 2, hint: expect.stringContaining('load.steps[0].concurrency=8') }),
      );
    },
  );

  it('refuses a value that is not YAML', () => {
    expect(() => parseSetArgument('seed=[1')).toThrow(/--set seed: expected a YAML value, got "\[1"/);
  });
});
