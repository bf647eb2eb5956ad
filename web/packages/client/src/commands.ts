/** What a host has done to others. The node decides who is a host: everybody else is refused with `not_host`. */

import type { Requests } from "./generated/wire.ts";
import type { RoomRole, RuleChange, Source } from "./types.ts";

/** Asks the node; rejects with its code. */
type Ask = <T extends keyof Requests>(type: T, fields: Omit<Requests[T]["request"], "id" | "type">) => Promise<unknown>;

/** Each resolves when the node has done it; what follows from it is told by events, to everybody alike. */
export class HostCommands {
  readonly #ask: Ask;

  constructor(ask: Ask) {
    this.#ask = ask;
  }

  /** Silences somebody's source. */
  async mute(participant: string, source: Source): Promise<void> {
    await this.#ask("mute", { participant, source });
  }

  /** Silences everybody who is no host. */
  async muteAll(): Promise<void> {
    await this.#ask("mute_all", {});
  }

  /** Removes somebody, who is refused from then on. */
  async remove(participant: string): Promise<void> {
    await this.#ask("remove", { participant });
  }

  /** Lets somebody of the lobby in. */
  async admit(knock: string): Promise<void> {
    await this.#ask("admit", { knock });
  }

  /** Lets everybody of the lobby in. */
  async admitAll(): Promise<void> {
    await this.#ask("admit_all", {});
  }

  /** Sends somebody of the lobby away. */
  async refuse(knock: string): Promise<void> {
    await this.#ask("refuse", { knock });
  }

  /** Lowers somebody's hand, or everybody's. */
  async lowerHands(participant: string | null = null): Promise<void> {
    await this.#ask("lower_hands", { participant });
  }

  /** Gives a guest another name. */
  async rename(participant: string, name: string): Promise<void> {
    await this.#ask("rename", { participant, name });
  }

  /** Makes somebody co-host, member or audience. */
  async promote(participant: string, role: Exclude<RoomRole, "owner">): Promise<void> {
    await this.#ask("promote", { participant, room_role: role });
  }

  /** Changes rules of the room; `{ locked: true }` lets nobody in any more. */
  async setRules(change: RuleChange): Promise<void> {
    await this.#ask("set_rules", change);
  }

  /** Ends the meeting for everybody. */
  async endForAll(): Promise<void> {
    await this.#ask("end_for_all", {});
  }
}
