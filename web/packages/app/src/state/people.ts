/**
 * Who counts as what. A *member* has a leaf in the group's tree and can open what is sent; only
 * members are listed and named. Somebody *present* is a member who has not left: one who has
 * left stays a member until the group has changed its keys (K3.3), and the list says so.
 */

import type { Person } from "./port.ts";

export function members(people: readonly Person[]): Person[] {
  return people.filter((person) => person.leaf !== null);
}

export function present(people: readonly Person[]): Person[] {
  return people.filter((person) => person.leaf !== null && !person.leaving);
}

/** True when nobody but me is present. */
export function alone(people: readonly Person[]): boolean {
  return present(people).every((person) => person.self);
}
