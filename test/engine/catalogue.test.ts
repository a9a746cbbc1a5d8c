import { expect, it } from 'vitest';
import { deployedCatalogue } from '../../src/engine/catalogue.ts';
import { createEngine } from '../../src/engine/engine.ts';
import { gpuPresets } from '../../src/engine/gpu.ts';
import { modelPresets } from '../../src/engine/model.ts';

it.each(deployedCatalogue)('$route can be served on an A100 within its limits', ({ preset, limits }) => {
  const tokens: number[] = [];
  const engine = createEngine({ gpu: 'A100-80G', model: preset, limits, onToken: (_id, index) => tokens.push(index) });
  const maxNewTokens = limits.maxTotalTokens - limits.maxInputTokens;
  engine.submit({ id: 1, inputTokens: limits.maxInputTokens, images: 0, maxNewTokens, outputTokens: 3 }, 0);
  engine.advance(60_000);
  expect(tokens).toEqual([1, 2, 3]);
});

it('names the presets that stand on a single measurement or on another shape', () => {
  const approximate = (presets: Readonly<Record<string, { approximate: boolean }>>) =>
    Object.keys(presets).filter(name => presets[name]?.approximate);
  expect(approximate(gpuPresets)).toEqual(['A10G', 'L4']);
  expect(approximate(modelPresets)).toEqual(['flan-t5-xxl', 'flan-ul2']);
});
