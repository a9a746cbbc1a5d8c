/**
 * How many prompt tokens a picture is for LLaVA-NeXT (LLaVA-1.6), as TGI's router counts them
 * (huggingface/text-generation-inference, router/src/config.rs): 576 for the whole picture at 336 × 336, and what is
 * left of a grid of such tiles once its padding is cut off, with one newline token a row.
 *
 * The count does not grow with the picture: the grid is chosen by its shape. Squares of 442 to 1024 pixels all cost
 * 2928, smaller ones 1176.
 */

const tilePixels = 336;
/** Patches along a tile's side: 14 pixels each. */
const patches = 24;

interface Size {
  readonly height: number;
  readonly width: number;
}

/** The sizes in pixels that a picture is fitted into: the model's `image_grid_pinpoints`. */
const grids: readonly Size[] = [
  { height: 336, width: 672 },
  { height: 672, width: 336 },
  { height: 672, width: 672 },
  { height: 1008, width: 336 },
  { height: 336, width: 1008 },
];

/** Prompt tokens of one picture of so many pixels; 626 … 2928 where no side is shorter than 64. */
export function imageTokens(width: number, height: number): number {
  const grid = bestGrid({ height, width });
  // The grid's sides change places: the models were trained so, and TGI keeps to it (LLaVA-VL/LLaVA-NeXT issue 59).
  const { height: rows, width: columns } = withoutPadding(
    { height, width },
    { height: (patches * grid.width) / tilePixels, width: (patches * grid.height) / tilePixels },
  );
  return patches ** 2 + rows * columns + rows;
}

/** The grid that keeps most of the picture's pixels, and of those the one that wastes least. */
function bestGrid(picture: Size): Size {
  let best = picture;
  let mostPixels = 0;
  let leastWaste = Number.NEGATIVE_INFINITY;
  for (const grid of grids) {
    // The router scales the grid's own sides here, where transformers scales the picture's: another count for some.
    const scale = Math.fround(
      Math.min(Math.fround(grid.width / picture.width), Math.fround(grid.height / picture.height)),
    );
    const scaled = Math.trunc(Math.fround(grid.width * scale)) * Math.trunc(Math.fround(grid.height * scale));
    const pixels = Math.min(scaled, picture.width * picture.height);
    const waste = grid.width * grid.height - pixels;
    if (pixels > mostPixels || (pixels === mostPixels && waste < leastWaste)) {
      best = grid;
      mostPixels = pixels;
      leastWaste = waste;
    }
  }
  return best;
}

/** The part of a grid that the picture covers, in whole patches, evenly cut on both sides. */
function withoutPadding(picture: Size, grid: Size): Size {
  if (picture.width / picture.height > grid.width / grid.height) {
    const rows = Math.trunc((picture.height * grid.width) / picture.width);
    return { height: grid.height - 2 * Math.trunc((grid.height - rows) / 2), width: grid.width };
  }
  const columns = Math.trunc((picture.width * grid.height) / picture.height);
  return { height: grid.height, width: grid.width - 2 * Math.trunc((grid.width - columns) / 2) };
}
