/** What the encryption panel is told: alarms with names from the tree, and what "verified" still covers (K6.3). */

import type { Alarm, EncryptionState, Verified } from "../types.ts";
import type { GroupView } from "../worker/group.ts";
import { hex } from "./people.ts";

/** Alarms kept; the first ones of each code matter most, and a server must not fill the memory. */
const MAX_ALARMS = 50;

/** Collects alarms and the moment of verification. */
export class Encryption {
  #alarms: readonly Alarm[] = [];
  #group: string | null = null;
  #verified: { time: number; certificates: ReadonlySet<string> } | null = null;

  /** Adds an alarm; the same code about the same people is told once. True when it was new. */
  alarm(alarm: Alarm): boolean {
    const { code, people } = alarm;
    const known = this.#alarms.some((one) => one.code === code && one.people.join() === people.join());
    if (known || this.#alarms.length >= MAX_ALARMS) return false;
    this.#alarms = [...this.#alarms, alarm];
    return true;
  }

  /** We are in this group now: another one is a new history, about which what was compared before says nothing (K3.1). */
  group(view: GroupView): void {
    if (view.group === this.#group) return;
    if (this.#group !== null) {
      this.#verified = null;
      // Told anew for each group that follows another.
      this.#alarms = this.#alarms.filter(({ code }) => code !== "new_group");
    }
    this.#group = view.group;
  }

  /** The people present compared the code aloud. */
  verify(view: GroupView, time: number): void {
    if (view.epoch === null) return;
    this.#verified = { time, certificates: new Set(view.members.map((line) => hex(line.identity.fingerprint))) };
  }

  /** The facts of this moment. */
  snapshot(view: GroupView): EncryptionState {
    return {
      active: view.epoch !== null,
      suite: `0x${view.suite.toString(16).toUpperCase().padStart(4, "0")}`,
      epoch: view.epoch,
      code: view.code,
      stopped: view.stopped,
      verified: this.#since(view),
      newGroup: view.prior === null ? null : { reason: view.prior },
      alarms: this.#alarms,
    };
  }

  #since(view: GroupView): Verified | null {
    const verified = this.#verified;
    if (verified === null) return null;
    const fresh = view.members.filter((line) => !verified.certificates.has(hex(line.identity.fingerprint)));
    return { time: verified.time, joinedSince: fresh.map((line) => line.identity.name) };
  }
}
