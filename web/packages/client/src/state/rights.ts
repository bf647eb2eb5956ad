/**
 * What this client may do, from its role in the room, the room's rules and a host's word. The node decides and enforces; this
 * says beforehand what it will refuse and why, so that a page can name the reason instead of letting people try.
 */

import type { Person, Rules } from "../generated/wire.ts";

/** What somebody is in a room. */
export type RoomRole = Person["room_role"];

/** Why something is not allowed: he is audience, a rule leaves it to the hosts, or a host has silenced him until further notice. */
export type Barred = "audience" | "rule" | "held";

/** What one may do. `why` names what stands in the way of that which one may not. */
export interface Rights {
  readonly may: {
    readonly share: boolean;
    readonly chat: boolean;
    /** Switch the microphone on, should it be off. */
    readonly unmute: boolean;
    readonly camera: boolean;
    /** Command others: a host. */
    readonly command: boolean;
  };
  readonly why: { readonly share: Barred | null; readonly chat: Barred | null; readonly unmute: Barred | null; readonly camera: Barred | null };
}

/** Whether this role commands others. */
export function isHost(role: RoomRole): boolean {
  return role === "owner" || role === "cohost";
}

/** The rights of a role under these rules; `held` when a host has silenced the microphone until a host says otherwise. */
export function rightsOf(role: RoomRole, rules: Rules | null, held: boolean): Rights {
  const host = isHost(role);
  const audience: Barred | null = role === "audience" ? "audience" : null;
  const ruled = (who: "everyone" | "hosts" | undefined): Barred | null => (who === "hosts" && !host ? "rule" : null);
  const why = {
    share: audience ?? ruled(rules?.share),
    chat: ruled(rules?.chat),
    unmute: audience ?? (held && ruled(rules?.unmute) !== null ? "held" : ruled(rules?.unmute)),
    camera: audience,
  };
  const may = { share: why.share === null, chat: why.chat === null, unmute: why.unmute === null, camera: why.camera === null, command: host };
  return { may, why };
}
