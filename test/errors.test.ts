import { describe, expect, it } from 'vitest';
import { type ExitCode, exitCodes, HarnessError, messageOf, worstExitCode } from '../src/errors.ts';

describe('worstExitCode', () => {
  const precedence: readonly ExitCode[] = [130, 143, 1, 2, 7, 8, 6, 3, 4, 5, 0];

  it('lets the earlier of any two codes win, whichever comes first', () => {
    precedence.forEach((winner, place) => {
      for (const loser of precedence.slice(place)) {
        expect(worstExitCode([winner, loser])).toBe(winner);
        expect(worstExitCode([loser, winner])).toBe(winner);
      }
    });
  });

  it('speaks for all of them at once', () => {
    expect(worstExitCode(precedence)).toBe(130);
    expect(worstExitCode([0, 5, 4, 3, 6])).toBe(6);
    expect(worstExitCode([0, 0, 3])).toBe(3);
  });

  it('is done where there are none', () => {
    expect(worstExitCode([])).toBe(0);
  });

  it('knows every code', () => {
    expect(Object.values(exitCodes).toSorted((a, b) => a - b)).toEqual(precedence.toSorted((a, b) => a - b));
  });
});

describe('HarnessError', () => {
  it('says what is wrong, what to do about it and how to exit', () => {
    const cause = new Error('below');
    const error = new HarnessError('expected a port, got 0', { hint: 'use --port 8000', exitCode: 2, cause });
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({
      name: 'HarnessError',
      message: 'expected a port, got 0',
      hint: 'use --port 8000',
      exitCode: 2,
      cause,
    });
  });

  it('needs no hint and no cause', () => {
    const error = new HarnessError('no', { exitCode: 1 });
    expect(error.hint).toBeUndefined();
    expect('cause' in error).toBe(false);
  });
});

describe('messageOf', () => {
  it('puts the text of anything thrown on one line', () => {
    expect(messageOf(new Error('one\n  two\tthree'))).toBe('one two three');
    expect(messageOf('text')).toBe('text');
    expect(messageOf(undefined)).toBe('undefined');
  });

  it('falls back on what an error without a message was made of, and on its name', () => {
    expect(messageOf(new AggregateError([new Error('refused 127.0.0.1'), new Error('refused ::1')]))).toBe(
      'refused 127.0.0.1; refused ::1',
    );
    expect(messageOf(new RangeError())).toBe('RangeError');
  });
});
