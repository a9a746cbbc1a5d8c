import type { Attempt } from '../driver/driver.ts';
import { exitCodes, HarnessError } from '../errors.ts';
import type { Target } from '../scenario/target.ts';
import type { EncodedImage } from '../workload/image.ts';
import type { PicturePool } from '../workload/pictures.ts';
import type { PreparedWorkload } from '../workload/prepare.ts';
import type { ModelFacts } from '../workload/prompt.ts';

/** Sends the short prompt of the greeting with a picture. */
type AskWith = (picture: EncodedImage) => Promise<Attempt>;

/**
 * What pictures cost a model, by workload and size: one of each size, the largest file of it, beside a prompt whose own
 * tokens are known. Only the server knows; no two kinds of model count alike. Throws a HarnessError where it refuses one.
 */
export async function learnPictureTokens(
  target: Target,
  workloads: readonly PreparedWorkload[],
  textTokens: number | undefined,
  askWith: AskWith,
): Promise<Pick<ModelFacts, 'pictureTokens'>> {
  const known: Record<string, Record<string, number>> = {};
  for (const { name, pictures } of workloads) {
    const bySize: Record<string, number> = {};
    for (const pool of pictures) {
      const { outcome, inputTokens } = await askWith(largestOf(pool));
      if (outcome.kind === 'rejected') throw refused(target, name, pool, outcome);
      if (inputTokens !== undefined && textTokens !== undefined) bySize[pool.size] = inputTokens - textTokens;
    }
    if (Object.keys(bySize).length > 0) known[name] = bySize;
  }
  return Object.keys(known).length === 0 ? {} : { pictureTokens: known };
}

function largestOf({ pictures }: PicturePool): EncodedImage {
  return pictures.reduce((largest, picture) => (picture.fileBytes > largest.fileBytes ? picture : largest));
}

function refused(target: Target, workload: string, { size }: PicturePool, { status, detail }: Attempt['outcome']) {
  const said = detail ? `: ${detail}` : '';
  return new HarnessError(
    `workloads.${workload}.images: expected ${target.name} to take a picture of ${size}, got ${status !== undefined && status >= 400 ? status : 'a refusal'}${said}`,
    {
      hint: 'smaller or differently shaped pictures cost fewer tokens (images.fit); TGI itself reads service.imageSyntax: markdown',
      exitCode: exitCodes.usage,
    },
  );
}
