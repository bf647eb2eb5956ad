/** Keeps the identity of values that did not change between snapshots, so that views redraw only what did. */

type Plain = object;

function same(before: Plain, after: Plain): boolean {
  const [a, b] = [before as Record<string, unknown>, after as Record<string, unknown>];
  const keys = Object.keys(b);
  return keys.length === Object.keys(a).length && keys.every((key) => Object.is(a[key], b[key]));
}

/** The new list, with an earlier element in place of each new one that equals it field by field. */
export function keep<T extends Plain>(before: readonly T[], after: readonly T[], name: (item: T) => string): readonly T[] {
  const known = new Map(before.map((item) => [name(item), item]));
  const kept = after.map((item) => {
    const old = known.get(name(item));
    return old !== undefined && same(old, item) ? old : item;
  });
  const unchanged = kept.length === before.length && kept.every((item, at) => item === before[at]);
  return unchanged ? before : kept;
}
