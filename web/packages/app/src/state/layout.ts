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

/** How many tiles of equal size a stage shows; the rest is on further pages. */
export function capacity(stage: Box): number {
  if (stage.width < 480 || stage.height < 360) return 6;
  return 9;
}

/** Height of the line that turns pages. */
export const PAGER = 48;
/** More small tiles than this beside a large picture would cost decoding and attention, not room. */
const STRIP_MOST = 6;

/** How many tiles a page holds, and how large they are. */
export interface Page {
  readonly room: number;
  readonly columns: number;
  readonly tile: Box;
  /** True when not all tiles fit on one page. */
  readonly paged: boolean;
}

/** A page of equal tiles. */
export function gridPage(count: number, stage: Box): Page {
  const paged = count > capacity(stage);
  const left = paged ? { width: stage.width, height: stage.height - PAGER } : stage;
  const room = paged ? capacity(left) : Math.max(1, count);
  return { room, paged, ...grid(room, left) };
}

/** The small tiles beside a large picture: a column on a wide stage, a row on an upright one. */
export function stripPage(count: number, stage: Box): Page {
  const wide = isWide(stage);
  const width = Math.round(wide ? clamp(stage.width * 0.16, 120, 220) : clamp(stage.width * 0.3, 96, 160));
  const tile = { width, height: Math.round(width / WIDE) };
  const fits = (length: number): number =>
    Math.min(STRIP_MOST, Math.max(1, Math.floor((length + GAP) / ((wide ? tile.height : tile.width) + GAP))));
  const length = wide ? stage.height : stage.width;
  const paged = count > fits(length);
  const room = paged ? fits(wide ? length - PAGER : length) : Math.max(1, count);
  return { room, paged, columns: 1, tile };
}

/** Height of the large picture beside such a strip. */
export function mainHeight(stage: Box, strip: Page): number {
  return isWide(stage) ? stage.height : Math.max(0, stage.height - strip.tile.height - GAP - (strip.paged ? PAGER : 0));
}

/** True where small tiles stand beside the large picture, false where they stand above it. */
export function isWide(stage: Box): boolean {
  return stage.width >= stage.height * 1.1;
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, value));
}
