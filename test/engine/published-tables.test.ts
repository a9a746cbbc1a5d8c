import { describe, expect, it } from 'vitest';
import { errorRatio, publishedTables } from './published-tables.ts';

describe.each(publishedTables)('$title', ({ rows }) => {
  const judged = rows().filter(row => row.band !== undefined);
  it.runIf(judged.length > 0)('is met within the bands', () => {
    for (const row of judged) {
      const label = `${row.condition}, ${row.quantity}`;
      const [low, high] = row.band ?? [0, 0];
      expect(errorRatio(row), label).toBeGreaterThanOrEqual(low);
      expect(errorRatio(row), label).toBeLessThanOrEqual(high);
    }
  });
});
