/** A workload made ready before anything is sent: its files read and checked, its pictures made. */
import { messageOf } from '../errors.ts';
import { type Assets, type Complain, textOf } from '../scenario/assets.ts';
import type { Workload } from '../scenario/workload.ts';
import { generatePictures, openPictures, type PicturePool } from './pictures.ts';
import { type FilePrompt, readPrompts } from './prompt-file.ts';
import { readTokenizer, type Tokenizer } from './tokenizer.ts';
import { exactWording, type Wording } from './wording.ts';

/** A workload with all that its requests are made of, but for the model that they are for. */
export interface PreparedWorkload {
  readonly name: string;
  readonly workload: Workload;
  /** The prompts of its file; none where it has no file. */
  readonly prompts: readonly FilePrompt[];
  readonly tokenizer?: Tokenizer;
  /** The words that are one token each; only with a tokenizer. */
  readonly wording?: Wording;
  readonly pictures: readonly PicturePool[];
}

/** Reads and checks the files of a workload; complains of everything that is wrong with them. */
export async function openWorkload(
  name: string,
  workload: Workload,
  assets: Assets,
  complain: Complain,
): Promise<PreparedWorkload> {
  const { prompt, images } = workload;
  const promptFiles = prompt.file === undefined ? [] : (assets.get(prompt.file) ?? []);
  return {
    name,
    workload,
    prompts: promptFiles.flatMap(file => readPrompts(file, complain)),
    ...(await openTokenizer(prompt.tokenizer, assets, complain)),
    pictures: images === undefined ? [] : await openPictures(images, assets, complain),
  };
}

/** Makes the pictures that an opened workload asks for, from the seed. */
export async function withPictures(
  opened: PreparedWorkload,
  seed: number,
  complain: Complain,
): Promise<PreparedWorkload> {
  const { name, workload, pictures } = opened;
  if (workload.images === undefined || pictures.length > 0) return opened;
  return { ...opened, pictures: await generatePictures(workload.images, { seed, name }, complain) };
}

async function openTokenizer(
  path: string | undefined,
  assets: Assets,
  complain: Complain,
): Promise<Pick<PreparedWorkload, 'tokenizer' | 'wording'>> {
  const [file] = path === undefined ? [] : (assets.get(path) ?? []);
  if (file === undefined) return {};
  try {
    const tokenizer = await readTokenizer(textOf(file));
    const wording = exactWording(tokenizer);
    if (wording === undefined)
      throw new Error(
        'expected a tokenizer to which common English words are a token each, got another (leave it out: lengths are then calibrated against the server)',
      );
    return { tokenizer, wording };
  } catch (error) {
    complain(`${file.name}: ${messageOf(error)}`);
    return {};
  }
}
