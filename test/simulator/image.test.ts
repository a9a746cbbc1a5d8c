import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { errorOf, eventsOf, postBytes, runningService, text, vlm } from './running-service.ts';

const generate = `/${vlm}/gpu0/generate`;

function picture(width: number, height: number) {
  return sharp({ create: { width, height, channels: 3, background: { r: 200, g: 120, b: 40 } } });
}

const jpeg = async (width: number, height: number) =>
  (await picture(width, height).jpeg().toBuffer()).toString('base64');

const ask = (image: string, parameters = {}) => ({
  inputs: `<image>${image}</image>\nDescribe this image in detail.`,
  parameters: { max_new_tokens: 5, details: true, ...parameters },
  stream: true,
});

describe('a picture in a prompt', () => {
  it.each([
    [336, 336, 1176],
    [512, 512, 2928],
    [1024, 768, 2340],
    [1024, 512, 1752],
  ])('of %i × %i costs %i tokens beside its text', async (width, height, imageTokens) => {
    const service = await runningService();
    const events = eventsOf(await (await service.post(generate, ask(await jpeg(width, height)))).text());
    const textTokens = 8; // the line's end, and the words and the full stop behind it
    expect(events.at(-1)?.details?.input_length).toBe(imageTokens + textTokens - 1);
  });

  it.each(['jpeg', 'png', 'webp'] as const)('may be %s', async format => {
    const service = await runningService();
    const image = (await picture(64, 64).toFormat(format).toBuffer()).toString('base64');
    expect((await service.post(generate, ask(image))).status).toBe(200);
  });

  it('is refused where it and the prompt are longer than the model takes', async () => {
    const service = await runningService();
    const image = `<image>${await jpeg(512, 512)}</image>`;
    const response = await service.post(generate, { ...ask(''), inputs: `${image}${image}\nCompare them.` });
    expect(response.status).toBe(400);
    expect((await errorOf(response)).message).toContain('must have less than 4096 tokens');
  });
});

describe('a picture that is none', () => {
  const png = () => picture(64, 64).png().toBuffer();

  /** A PNG whose header claims 50,000 × 50,000 pixels. */
  async function boastful(): Promise<Buffer> {
    const bytes = await png();
    bytes.writeUInt32BE(50_000, 16);
    bytes.writeUInt32BE(50_000, 20);
    return bytes;
  }

  it.each<[string, () => Promise<Buffer> | Buffer]>([
    ['has no bytes', () => Buffer.alloc(0)],
    ['is text', () => Buffer.from('this is not a picture, whatever it says')],
    ['is cut short', async () => (await picture(512, 512).jpeg().toBuffer()).subarray(0, 700)],
    [
      'is an SVG',
      () =>
        Buffer.from(
          '<svg xmlns="http://www.w3.org/2000/svg" width="64" height="64"><rect width="9" height="9"/></svg>',
        ),
    ],
    ['is a GIF', () => picture(64, 64).gif().toBuffer()],
    ['claims 50,000 × 50,000 pixels', boastful],
    ['has 1025 pixels on one side', () => picture(1025, 16).png().toBuffer()],
    ['has more than two megabytes', async () => Buffer.concat([await png(), Buffer.alloc(2_000_000)])],
  ])('is refused where it %s', async (_, make) => {
    const service = await runningService();
    const response = await service.post(generate, ask((await make()).toString('base64')));
    expect(response.status).toBe(400);
    expect((await errorOf(response)).message).toMatch(/image/);
    expect(service.statistics().models[1]).toMatchObject({ inService: 0, maxInService: 1 });
  });

  it('is refused where its tag is not closed, or what is in it is the document’s placeholder', async () => {
    const service = await runningService();
    for (const inputs of ['<image>abc', '<image>base64_encoded_image</image>\nYour question about the image?']) {
      expect((await service.post(generate, { inputs })).status).toBe(400);
    }
  });

  it('costs a text model nothing to refuse', async () => {
    const service = await runningService();
    expect((await service.post(`/${text}/gpu0/generate`, ask(await jpeg(64, 64)))).status).toBe(400);
  });
});

it('a client that goes away while its picture is decoded leaves no request behind', async () => {
  const service = await runningService();
  const { socket } = await service.socket();
  const noise = await sharp({
    create: {
      width: 1024,
      height: 1024,
      channels: 3,
      background: 'black',
      noise: { type: 'gaussian', mean: 128, sigma: 60 },
    },
  })
    .webp({ quality: 60 })
    .toBuffer();
  socket.write(postBytes(generate, ask(noise.toString('base64'))));
  await new Promise<void>(resolve => socket.write('', () => resolve()));
  while (service.statistics().models[1]?.inService !== 1) await new Promise(resolve => setImmediate(resolve));
  socket.destroy();
  while (service.statistics().models[1]?.inService !== 0) await new Promise(resolve => setTimeout(resolve, 1));
  expect(service.statistics().models[1]?.maxInService).toBe(1);
});
