/**
 * The member's side of the conversation with the hub (K2–K4): certificate, key package, then for each epoch announcement,
 * commit, receipt and merge. Handlers run to their end in the order of the server's events; whatever the member refuses
 * becomes an alarm with the member's own code, and changes nothing.
 */

import { codeOf, detailOf } from "../errors.ts";
import { decodeContent, encodeContent, kindOf, type MessageKind } from "../state/content.ts";
import type { Arrival } from "../state/handover.ts";
import { hex } from "../state/people.ts";
import type { Events, HelloReply, Requests, ServerEvent } from "../generated/wire.ts";
import { type FrameSecrets, type ReceiverSecret, type SenderSecret } from "./keys.ts";
import type { Source } from "./kid.ts";
import {
  type GroupParams,
  type LeafKey,
  type Member,
  type Native,
  type OpenedMessage,
  type OwnCommit,
  type Reached,
  type RosterLine,
  type SnapshotLine,
  type Trust,
  unpack,
} from "./native.ts";
import { Snapshots } from "./snapshots.ts";

/** What the page may know of the group: never a key. */
export interface GroupView {
  /** Null while no epoch is reached. */
  readonly epoch: number | null;
  readonly leaf: number | null;
  readonly suite: number;
  /** The 30 digits of K6.3. */
  readonly code: string | null;
  readonly members: readonly RosterLine[];
  /** The reason for which nothing may be sent now, or null (K3.3, K4.6). */
  readonly stopped: string | null;
  /** The MLS group id, hexadecimal. */
  readonly group: string | null;
  /** Why this group follows another one of the same meeting (K3.1). */
  readonly prior: string | null;
}

/** A message as it is handed to the page. */
export interface GroupMessage {
  readonly leaf: number;
  readonly epoch: number;
  readonly order: number;
  readonly missed: number;
  readonly content: Uint8Array;
  /** What its sender vouches for, checked, where the content is a snapshot (K6.2); null in everything else. */
  readonly vouched: SnapshotLine | null;
}

/** What the conversation needs of its surroundings. */
export interface GroupPorts {
  send<T extends keyof Requests>(type: T, fields: Omit<Requests[T]["request"], "id" | "type">): Promise<Requests[T]["reply"]>;
  /** The group or what may be sent has changed. */
  changed(view: GroupView): void;
  message(message: GroupMessage): void;
  /** Members came to a group we were in already. */
  arrived(arrival: Arrival): void;
  alarm(code: string, detail: string, leaf?: number): void;
  /** Unix milliseconds. */
  now(): number;
}

const STALE_TRIES = 3;
/** Milliseconds for which a revocation may still come due: the two seconds of K2.4, and as much again for a clock that is set. */
const REVOKING = 4_000;
// Refusals of the server that say "somebody was quicker" or "you are behind": nothing is wrong with the meeting.
const HARMLESS = new Set(["stale_epoch", "attempt_stale", "stale_attempt", "closed", "timeout"]);

/** One participant's membership. Order: `begin`, then `handle` for each event; a rejoin starts over with a fresh leaf. */
export class Group implements FrameSecrets {
  readonly #native: Native;
  readonly #ports: GroupPorts;
  #hello: HelloReply | null = null;
  #trust: Trust | null = null;
  #leafKey: LeafKey | null = null;
  #member: Member | null = null;
  #joined = false;
  /** A Welcome was opened and waits for its epoch to be reached. */
  #joining = false;
  #left = false;
  #life = 0;
  #firstEpoch = 0;
  #lastMark = "";
  /** Counts what changes the view without changing the epoch. */
  #revision = 0;
  #group: string | null = null;
  /** Who was last named to commit, and for which epoch. */
  #named = { epoch: -1, committer: -1 };
  #prior: string | null = null;
  #connected: Uint32Array | null = null;
  /** Until when a revocation may come due, unix milliseconds. */
  #revoking = 0;
  /** Messages that were not of the kind their sender had told the hub. */
  #mismatched = 0;
  #snapshots = this.#newSnapshots();

  constructor(native: Native, ports: GroupPorts) {
    this.#native = native;
    this.#ports = ports;
  }

  /** Certifies a fresh leaf and offers it to the meeting (K2.1); resolves with the hash of the verified manifests. */
  async begin(hello: HelloReply): Promise<Uint8Array> {
    this.#hello = hello;
    this.#trust = this.#native.trust(hello.manifests, hello.policy, hello.deployment, this.#ports.now());
    const manifests = this.#trust.manifestSetHash;
    await this.#enter(hello.nonce);
    return manifests;
  }

  /** Proves over a server nonce that this is still the same leaf (K2.5). */
  signResume(nonce: Uint8Array): Uint8Array {
    const participant = this.#hello?.participant ?? "";
    const signer = this.#member ?? this.#leafKey;
    if (signer === null) throw Object.assign(new Error("no leaf"), { code: "not_connected" });
    return signer.signResume(nonce, participant);
  }

  /** Handles one server event; events that are not the group's are ignored. */
  handle(event: ServerEvent): void {
    try {
      this.#dispatch(event);
    } catch (error) {
      this.#ports.alarm(codeOf(error, "key_worker_failed"), detailOf(error));
    }
    this.refresh();
  }

  /** Seals content for everybody and has the hub order it (K6.1); encrypts again when the epoch has moved on. */
  sendMessage(content: Uint8Array): Promise<void> {
    return this.#say(() => content, kindOf(decodeContent(content)));
  }

  /** Vouches for a state that newcomers did not hear themselves, and tells everybody (K6.2). */
  giveSnapshot(purpose: string, order: number, content: Uint8Array): Promise<void> {
    // Signed anew for each try: the structure names the epoch.
    return this.#say((member) => encodeContent({ t: "snapshot", data: member.signSnapshot(purpose, order, content), content }), "signal");
  }

  async #say(make: (member: Member) => Uint8Array, kind: MessageKind): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      const member = this.#reachedMember();
      const data = member.encrypt(make(member), this.#ports.now());
      try {
        await this.#ports.send("message", { data, epoch: member.epoch, kind });
        return;
      } catch (error) {
        if (codeOf(error) !== "stale_epoch" || attempt >= STALE_TRIES) throw error;
      }
    }
  }

  /** Tells the page when what it knows is no longer so. Called after each event and by a slow timer (K4.6 stops by time). */
  refresh(): void {
    // The tree of a large meeting is read only when it can have changed.
    const mark = `${this.epoch()}/${this.#stopped()}/${this.#revision}`;
    if (mark === this.#lastMark) return;
    this.#lastMark = mark;
    this.#ports.changed(this.view());
  }

  /** The group as the page may see it. */
  view(): GroupView {
    const member = this.#member;
    if (member === null || !this.#joined) {
      return { epoch: null, leaf: null, suite: this.#hello?.suite ?? 0, code: null, members: [], stopped: "not_reached", group: null, prior: null };
    }
    return {
      epoch: member.epoch,
      leaf: member.leaf,
      suite: member.suite,
      code: member.code(),
      members: unpack<RosterLine[]>(member.roster()),
      stopped: this.#stopped(),
      group: this.#group,
      prior: this.#prior,
    };
  }

  epoch(): number | null {
    return this.#joined && this.#member !== null ? this.#member.epoch : null;
  }

  life(): number {
    return this.#life;
  }

  sendEpoch(): number {
    return this.#reachedMember().sendEpoch(this.#ports.now());
  }

  sender(kind: Source): SenderSecret {
    const given = unpack<{ kid: number; epoch: number; key: Uint8Array; salt: Uint8Array }>(
      this.#reachedMember().frameSender(kind, this.#ports.now()),
    );
    return { kid: Number(given.kid), epoch: given.epoch, key: given.key, salt: given.salt };
  }

  receiver(kid: number): ReceiverSecret {
    return unpack<ReceiverSecret>(this.#reachedMember().frameReceiver(BigInt(kid), this.#ports.now()));
  }

  pending(): boolean {
    return this.#ports.now() < this.#revoking;
  }

  /** How many messages were dropped because they were of another kind than told to the hub. */
  get mismatched(): number {
    return this.#mismatched;
  }

  async #enter(nonce: Uint8Array): Promise<void> {
    const hello = this.#hello;
    const trust = this.#trust;
    if (hello === null || trust === null) return;
    this.#joined = false;
    this.#joining = false;
    this.#member = null;
    this.#snapshots = this.#newSnapshots();
    this.#life += 1;
    this.#revision += 1;
    const key = this.#native.generateLeafKey();
    const publicKey = key.public;
    this.#leafKey = key;
    const proof = key.signCertify(nonce, hello.participant);
    const { chain } = await this.#ports.send("certify", { public_key: publicKey, proof });
    const now = this.#ports.now();
    const member = this.#native.member(key, chain, trust, hello.suite, hello.allow_classical, now);
    this.#member = member;
    this.#leafKey = null;
    await this.#ports.send("key_package", { data: member.keyPackage(now) });
  }

  #dispatch(event: ServerEvent): void {
    switch (event.type) {
      case "group.create":
        return this.#create(event);
      case "group.propose":
        return this.#propose(event);
      case "group.staged":
        return this.#staged(event);
      case "group.welcome":
        return this.#welcome(event);
      case "group.reached":
        return this.#reached(event);
      case "group.rejoin":
        return this.#rejoin(event);
      case "group.revocation":
        this.#revision += 1;
        this.#revoking = this.#ports.now() + REVOKING;
        return this.#member?.revoke(event.data, this.#ports.now());
      case "message":
        return this.#message(event);
      case "participants":
        return this.#participants(event);
      default:
        this.#dispatchJoined(event);
    }
  }

  #dispatchJoined(event: ServerEvent): void {
    const now = this.#ports.now();
    switch (event.type) {
      case "group.withdrawn":
        if (this.#joined || this.#joining) this.#member?.withdrawn(event.entry, now);
        this.#joining = false;
        return;
      case "group.receipt":
        // A receipt for an epoch that this member never merged says nothing to it.
        if (this.#joined) for (const receipt of event.receipts) this.#member?.receipt(receipt, now);
        return;
      case "group.settled":
        if (this.#joined) this.#member?.settled(event.epoch, now);
        return;
      case "group.removing":
        if (this.#joined) this.#member?.removing(event.leaf, event.reason, now);
        return;
      default:
    }
  }

  #create(event: Events["group.create"]): void {
    const member = this.#anyMember();
    const created = unpack<{ group_info: Uint8Array; tree: Uint8Array }>(member.create(event.params, this.#ports.now()));
    this.#answer("group.created", created, ({ entry }) => {
      member.reached(entry, [], this.#ports.now());
      this.#enterEpoch(member);
    });
  }

  #propose(event: Events["group.propose"]): void {
    const member = this.#member;
    if (member === null || !this.#joined) return;
    const now = this.#ports.now();
    this.#named = { epoch: event.epoch, committer: event.committer };
    member.propose(event.epoch, event.attempt, event.committer, event.proposals, now);
    if (event.committer !== member.leaf) return;
    // Nothing proposed means: renew your leaf (K3.4).
    const own = unpack<OwnCommit>(member.commit(event.epoch, event.attempt, now, event.proposals.length === 0));
    this.#answer("group.commit", { epoch: event.epoch, attempt: event.attempt, ...own, tree: null });
  }

  #staged(event: Events["group.staged"]): void {
    const member = this.#member;
    if (member === null || !this.#joined) return;
    let receipt: Uint8Array | undefined;
    try {
      receipt = member.stage(event.entry, event.commit, event.signature, this.#ports.now());
    } catch (error) {
      this.#report(member, event.entry, codeOf(error, "library"));
      throw error;
    }
    if (receipt !== undefined) this.#answer("group.receipt", { receipt });
  }

  #report(member: Member, entry: Uint8Array, code: string): void {
    try {
      const { epoch, attempt, commit_hash } = this.#native.peekEntry(entry);
      const report = member.failureReport(epoch, attempt, commit_hash, code);
      this.#answer("group.failed", { epoch, attempt, report });
    } catch (error) {
      this.#ports.alarm(codeOf(error, "library"), "failure report");
    }
  }

  #welcome(event: Events["group.welcome"]): void {
    const member = this.#anyMember();
    if (this.#joined) return;
    const receipt = member.join(event.entry, event.welcome, event.tree, event.params, this.#ports.now());
    this.#joining = true;
    this.#answer("group.receipt", { receipt });
  }

  #reached(event: Events["group.reached"]): void {
    const member = this.#member;
    if (member === null || !(this.#joined || this.#joining)) return;
    const merged = unpack<Reached>(member.reached(event.entry, event.receipts, this.#ports.now()));
    if (merged.self_removed) {
      this.#joined = false;
      this.#left = true;
      this.#revision += 1;
      return;
    }
    const present = this.#joined;
    this.#enterEpoch(member);
    const added = merged.added.map(({ leaf }) => leaf);
    if (!present || added.length === 0) return;
    const committer = this.#named.epoch === merged.epoch ? this.#named.committer : null;
    this.#ports.arrived({ epoch: merged.epoch, committer, added });
  }

  #enterEpoch(member: Member): void {
    if (!this.#joined) this.#firstEpoch = member.epoch;
    this.#joined = true;
    this.#joining = false;
    this.#left = false;
    this.#revision += 1;
    if (this.#connected !== null) member.connected(this.#connected);
    const group = hex(member.groupId);
    const entered = group !== this.#group;
    if (entered) {
      this.#group = group;
      this.#prior = unpack<GroupParams>(member.params()).prior?.reason ?? null;
    }
    this.refresh();
    // After the view: what was noticed about a group is told to somebody who knows that he is in it.
    if (entered && this.#prior !== null) this.#ports.alarm("new_group", this.#prior);
  }

  #rejoin(event: Events["group.rejoin"]): void {
    this.#joined = false;
    this.#enter(event.nonce).catch((error: unknown) => this.#ports.alarm(codeOf(error), "rejoin"));
  }

  #message(event: Events["message"]): void {
    // What was said before we were in is not for us.
    if (!this.#joined || this.#member === null || event.epoch < this.#firstEpoch) return;
    const opened = unpack<OpenedMessage>(this.#member.decrypt(event.data, this.#ports.now()));
    if (opened.missed > 0) this.#ports.alarm("message_missed", String(opened.missed), opened.leaf);
    const { leaf, epoch, missed, content } = opened;
    const known = decodeContent(content);
    // The hub lets messages through by the kind it was told: whoever told it another does not get round the room's rules.
    if (known !== null && kindOf(known) !== event.kind) return void (this.#mismatched += 1);
    const vouched = known?.t === "snapshot" ? this.#snapshots.open(this.#member, opened, known) : null;
    this.#ports.message({ leaf, epoch, order: event.order, missed, content, vouched });
  }

  #newSnapshots(): Snapshots {
    return new Snapshots((code, leaf) => this.#ports.alarm(code, "snapshot", leaf));
  }

  #participants(event: Events["participants"]): void {
    const leaves = event.people.filter((person) => person.state === "connected").flatMap((person) => person.leaf ?? []);
    this.#connected = Uint32Array.from(leaves);
    if (this.#joined) this.#member?.connected(this.#connected);
  }

  #answer<T extends keyof Requests>(
    type: T,
    fields: Omit<Requests[T]["request"], "id" | "type">,
    then?: (reply: Requests[T]["reply"]) => void,
  ): void {
    this.#ports
      .send(type, fields)
      .then((reply) => then?.(reply))
      .catch((error: unknown) => {
        const code = codeOf(error);
        if (!HARMLESS.has(code)) this.#ports.alarm(code, `${type}: ${detailOf(error)}`);
      });
  }

  #stopped(): string | null {
    if (!this.#joined) return "not_reached";
    try {
      this.#member?.sendEpoch(this.#ports.now());
      return null;
    } catch (error) {
      return codeOf(error, "stopped");
    }
  }

  #anyMember(): Member {
    if (this.#member === null) throw Object.assign(new Error("no member"), { code: "wrong_state" });
    return this.#member;
  }

  #reachedMember(): Member {
    if (this.#left) throw Object.assign(new Error("removed"), { code: "removed" });
    if (!this.#joined) throw Object.assign(new Error("no epoch"), { code: "not_reached" });
    return this.#anyMember();
  }
}
