import { describe, expect, it } from 'vitest';
import { checkParameters, type Fidelity, permitsOf, readParameters } from '../../src/simulator/parameters.ts';
import { Refused } from '../../src/simulator/refusal.ts';

const read = (value: unknown, fidelity: Fidelity) => checkParameters(readParameters(value, fidelity), fidelity);

/** What a value of a parameter is refused as, if it is. */
function refusal(name: string, value: unknown, fidelity: Fidelity): string | undefined {
  try {
    read({ do_sample: true, [name]: value }, fidelity);
    return undefined;
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    return error.refusal.kind;
  }
}

describe.each(['documented', 'deployed'] as const)('parameters, %s', fidelity => {
  it.each<[string, readonly unknown[], readonly unknown[]]>([
    ['best_of', [1, 2], [0, 3]],
    ['temperature', [0.001, 5], [-0.1]],
    ['repetition_penalty', [0.1, 2], [0, -1]],
    ['frequency_penalty', [-2, 0, 2], [-2.1, 2.1]],
    ['top_k', [1, 50], [0, -1]],
    ['top_p', [0.01, 0.99], [0, 1.01, -1]],
    ['typical_p', [0.01, 0.99], [0, 1.01, -1]],
    ['max_new_tokens', [1, 100_000], [0]],
    ['top_n_tokens', [0, 5], [6]],
    ['stop', [[], ['a', 'b', 'c', 'd']], [['a', 'b', 'c', 'd', 'e']]],
    ['seed', [0, 2 ** 53 - 1], []],
  ])('takes %s from %j and refuses %j', (name, good, bad) => {
    for (const value of good) expect([value, refusal(name, value, fidelity)]).toEqual([value, undefined]);
    for (const value of bad) expect([value, refusal(name, value, fidelity)]).toEqual([value, 'invalid']);
  });

  it.each<[string, unknown]>([
    ['max_new_tokens', '20'],
    ['max_new_tokens', 1.5],
    ['max_new_tokens', -1],
    ['top_k', 1.5],
    ['temperature', 'hot'],
    ['do_sample', 1],
    ['details', 'yes'],
    ['watermark', null],
    ['stop', 'a'],
    ['stop', [1]],
    ['stop', null],
    ['seed', -1],
    ['seed', {}],
  ])('has no use for %s %j', (name, value) => {
    expect(refusal(name, value, fidelity)).toBe('mistyped');
  });

  it('ignores what it does not know', () => {
    expect(refusal('colour', 'blue', fidelity)).toBeUndefined();
  });

  it('asks for a hundred tokens, one answer and no details unless told', () => {
    expect(read({}, fidelity)).toMatchObject({
      maxNewTokens: 100,
      bestOf: 1,
      details: false,
      stop: [],
      samples: false,
    });
  });

  it('wants sampling and no seed for several answers', () => {
    expect(() => read({ best_of: 2 }, fidelity)).toThrow(Refused);
    expect(() => read({ best_of: 2, do_sample: true, seed: 1 }, fidelity)).toThrow(Refused);
    expect(permitsOf(readParameters({ best_of: 2 }, fidelity))).toBe(2);
  });
});

describe('where document and deployment differ', () => {
  it.each<[string, unknown]>([
    ['temperature', 0],
    ['top_p', 1],
    ['typical_p', 1],
  ])('%s %j is a value to the document alone', (name, value) => {
    expect(refusal(name, value, 'documented')).toBeUndefined();
    expect(refusal(name, value, 'deployed')).toBe('invalid');
  });

  it('null stands for nothing in the deployment, and for the seed alone in the document', () => {
    expect(refusal('top_p', null, 'deployed')).toBeUndefined();
    expect(refusal('top_p', null, 'documented')).toBe('mistyped');
    expect(refusal('seed', null, 'documented')).toBeUndefined();
  });

  it('without any parameters TGI samples, with none set it does not', () => {
    expect(read(undefined, 'deployed').samples).toBe(true);
    expect(read({}, 'deployed').samples).toBe(false);
  });
});
