/**
 * Node 20, which the product supports, lacks `Map.groupBy`; vitest 5 needs it only to print why a
 * test failed. Without this a failing run shows a name and no reason.
 */

interface Grouping {
  groupBy?: <K, V>(items: Iterable<V>, key: (item: V, index: number) => K) => Map<K, V[]>;
}

(Map as unknown as Grouping).groupBy ??= (items, key) => {
  const groups = new Map<ReturnType<typeof key>, (typeof items extends Iterable<infer V> ? V : never)[]>();
  let index = 0;
  for (const item of items) {
    const group = key(item, index++);
    const known = groups.get(group);
    if (known) known.push(item);
    else groups.set(group, [item]);
  }
  return groups;
};
