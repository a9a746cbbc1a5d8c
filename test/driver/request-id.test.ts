import { expect, test } from 'vitest';
import { idLength, requestId } from '../../src/driver/request-id.ts';

test('an id is a random UUID, and no two are the same', () => {
  const ids = Array.from({ length: 5_000 }, requestId);
  expect(new Set(ids).size).toBe(ids.length);
  for (const id of ids) expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(ids[0]).toHaveLength(idLength);
});

test('every place of an id takes every digit that it may', () => {
  const ids = Array.from({ length: 2_000 }, requestId);
  const taken = Array.from({ length: idLength }, (_, place) => new Set(ids.map(id => id[place])).size);
  const expected = [...'xxxxxxxx-xxxx-4xxx-yxxx-xxxxxxxxxxxx'].map(form => (form === 'x' ? 16 : form === 'y' ? 4 : 1));
  expect(taken).toEqual(expected);
});
