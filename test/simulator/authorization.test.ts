import { expect, it } from 'vitest';
import { AuthService } from '../../src/simulator/authorization.ts';

it('a ban lasts 300 s, for the right token too', () => {
  const auth = new AuthService('right');
  for (let attempt = 0; attempt < 5; attempt++) expect(() => auth.check('Bearer wrong', 0)).toThrow('unauthorized');
  expect(() => auth.check('Bearer right', 299_999)).toThrow('banned');
  expect(() => auth.check('Bearer right', 300_000)).not.toThrow();
});
