/**
 * How tiles fill the stage: the number of columns and the size of a tile that show the
 * most picture. Pure arithmetic over pixels; the components only apply the result.
 */

export interface Box {
  readonly width: number;
  readonly height: number;
}

export interface Grid {
  readonly columns: number;
  readonly rows: number;
  readonly tile: Box;
}

export const GAP = 12;
const WIDE = 16 / 9;
/** How narrow a tile may become: faces are cropped little on a desk, more on an upright phone. */
const NARROW = 4 / 3;
const NARROW_UPRIGHT = 3 / 4;

/** The grid with the largest tiles for `count` tiles inside `stage`, all in pixels. */
export function grid(count: number, stage: Box, gap: number = GAP): Grid {
  let best: Grid = { columns: 1, rows: Math.max(1, count), tile: { width: 0, height: 0 } };
  let bestArea = -1;
  const narrow = stage.width < stage.height ? NARROW_UPRIGHT : NARROW;
  for (let columns = 1; columns <= Math.max(1, count); columns += 1) {
    const rows = Math.ceil(count / columns) || 1;
    const tile = fit((stage.width - gap * (columns - 1)) / columns, (stage.height - gap * (rows - 1)) / rows, narrow);
    const area = tile.width * tile.height;
    // A ragged last row wastes stage: prefer full rows when the pictures are about as large.
    const weight = area * (1 - 0.06 * ((columns * rows - count) / Math.max(1, count)));
    if (weight > bestArea + 0.5) {
      bestArea = weight;
      best = { columns, rows, tile };
    }
  }
  return best;
}

/** The largest tile inside a cell whose shape lies between `narrow` and `WIDE`. */
function fit(width: number, height: number, narrow: number): Box {
  if (width <= 0 || height <= 0) return { width: 0, height: 0 };
  const shape = Math.min(WIDE, Math.max(narrow, width / height));
  return width / height > shape
    ? { width: Math.floor(height * shape), height: Math.floor(height) }
    : { width: Math.floor(width), height: Math.floor(width / shape) };
}

/** How many tiles a stage shows before the rest is only counted. */
export function capacity(stage: Box): number {
  if (stage.width < 480 || stage.height < 360) return 6;
  return 9;
}
