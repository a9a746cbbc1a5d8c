import { describe, expect, it } from 'vitest';
import { parseSettings, settingsText, withSettings } from '../../../src/analysis/capacity/engine-settings.ts';
import { limits } from './measured-run.ts';

const engine = { gpu: 'A100-80G', model: 'mistral-7b', limits };

describe('settings of an engine', () => {
  it('are the flags of the launcher, and leave the rest as it was', () => {
    const settings = parseSettings(
      ['maxBatchSize=8', 'waitingServedRatio=1.2', 'tgi=v3', 'maxBatchTotalTokens=20000'],
      '--set',
    );
    expect(withSettings(engine, settings)).toEqual({
      ...engine,
      limits: { ...limits, maxBatchSize: 8, waitingServedRatio: 1.2 },
      tgi: 'v3',
      kvCapacityTokens: 20_000,
    });
    expect(settingsText(settings)).toBe('maxBatchSize=8, waitingServedRatio=1.2, tgi=v3, maxBatchTotalTokens=20000');
    expect(withSettings(engine, {})).toEqual(engine);
  });

  it.each([
    ['maxBatchSise=8', 'expected one of maxBatchSize'],
    ['maxBatchSize=', 'a whole number of 1 or more, got ""'],
    ['maxBatchSize=2.5', 'a whole number of 1 or more, got "2.5"'],
    ['tgi=v4', 'expected v2 or v3'],
    ['waitingServedRatio=-1', 'a number of 0 or more'],
  ])('are refused as %s', (text, said) => {
    expect(() => parseSettings([text], '--set')).toThrow(said);
  });
});
