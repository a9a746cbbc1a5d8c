import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import type { GeneratedImages } from '../../src/scenario/scenario.ts';
import { type EncodedImage, generateImages } from '../../src/workload/image.ts';

const spec: GeneratedImages = { width: 336, height: 336, format: 'jpeg', quality: 85, count: 3 };

const fileOf = (image: EncodedImage) => Buffer.from(image.base64, 'base64');

describe('generateImages', () => {
  it('gives the same pictures for the same seed and name, and others for another', async () => {
    const small = { ...spec, width: 80, height: 60 };
    const base64 = async (seed: number, name: string) =>
      (await generateImages(small, seed, name)).map(image => image.base64);
    const pictures = await base64(42, 'caption');
    expect(await base64(42, 'caption')).toEqual(pictures);
    expect(await base64(43, 'caption')).not.toEqual(pictures);
    expect(await base64(42, 'other')).not.toEqual(pictures);
  });

  it('gives as many as were asked for, no two alike', async () => {
    const images = await generateImages({ ...spec, width: 48, height: 48, count: 20 }, 42, 'caption');
    expect(images).toHaveLength(20);
    expect(new Set(images.map(image => image.base64)).size).toBe(20);
  });

  it('gives JPEGs that decode to the size asked for, in RGB', async () => {
    const [image] = await generateImages({ ...spec, width: 120, height: 70, count: 1 }, 42, 'caption');
    if (image === undefined) throw new Error('no image');
    expect(await sharp(fileOf(image)).metadata()).toMatchObject({
      format: 'jpeg',
      width: 120,
      height: 70,
      channels: 3,
      space: 'srgb',
    });
    const { info } = await sharp(fileOf(image)).raw().toBuffer({ resolveWithObject: true });
    expect(info).toMatchObject({ width: 120, height: 70, channels: 3 });
    expect(image).toMatchObject({ mediaType: 'image/jpeg', width: 120, height: 70 });
  });

  it.each(['png', 'webp'] as const)('gives %s as well', async format => {
    const [image] = await generateImages({ ...spec, width: 33, height: 21, format, count: 1 }, 42, 'caption');
    if (image === undefined) throw new Error('no image');
    expect(image.mediaType).toBe(`image/${format}`);
    expect(await sharp(fileOf(image)).metadata()).toMatchObject({ format, width: 33, height: 21 });
  });

  it('says how large the file is, before base64', async () => {
    for (const image of await generateImages({ ...spec, width: 64, height: 64 }, 42, 'caption')) {
      expect(image.fileBytes).toBe(fileOf(image).length);
    }
  });

  it('gives files about as large as those of photographs', async () => {
    for (const image of await generateImages(spec, 42, 'caption')) {
      expect(image.fileBytes).toBeGreaterThan(15_000);
      expect(image.fileBytes).toBeLessThan(80_000);
    }
  });

  it('gives smaller files for less quality', async () => {
    const sizeAt = async (quality: number) =>
      (await generateImages({ ...spec, width: 160, height: 160, quality, count: 1 }, 42, 'x'))[0]?.fileBytes ?? 0;
    expect(await sizeAt(50)).toBeLessThan((await sizeAt(85)) * 0.7);
  });

  it('gives pictures that are coloured, neither too dark nor too bright, with detail all over', async () => {
    const [image] = await generateImages({ ...spec, count: 1 }, 42, 'caption');
    if (image === undefined) throw new Error('no image');
    const { channels } = await sharp(fileOf(image)).stats();
    expect(channels).toHaveLength(3);
    for (const channel of channels) {
      expect(channel.mean).toBeGreaterThan(64);
      expect(channel.mean).toBeLessThan(192);
      expect(channel.stdev).toBeGreaterThan(20);
    }
    expect(new Set(channels.map(channel => channel.mean.toFixed(2))).size).toBe(3);
  });
});
