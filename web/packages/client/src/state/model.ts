/**
 * The meeting as values: takes the server's events and the key Worker's news, and makes the snapshot that views show. No
 * DOM, no socket, no clock; pictures are looked at through a port.
 */

import type { Events, HelloReply, Person as Hint, ServerEvent, SlotHint } from "../generated/wire.ts";
import type {
  Alarm, ChatMessage, Ended, Issued, Knocker, LobbyWait, MeetingSnapshot, MeetingState, OwnSource, Person, Rights, Rules, Source, Tile,
} from "../types.ts";
import type { GroupView } from "../worker/group.ts";
import type { RosterLine } from "../worker/native.ts";
import type { Content } from "./content.ts";
import { Hands } from "./hands.ts";
import { Encryption } from "./encryption.ts";
import { keep } from "./keep.ts";
import type { Owner } from "./labels.ts";
import { hex, joinPeople, loudness } from "./people.ts";
import { rightsOf, type RoomRole } from "./rights.ts";
import { planTiles, type SlotHealth, SwapWatch, type TilePlan, tileState } from "./tiles.ts";

/** Messages kept on screen. */
const MAX_MESSAGES = 1000;
/** Trees remembered, to resolve names in the epoch that opened a frame (K5.5). */
const MAX_TREES = 8;

/** The pictures behind the tiles. */
export interface Pictures {
  /** Shows `plans` and returns what each tile needs. */
  arrange(plans: readonly TilePlan[]): ReadonlyMap<string, Picture>;
}

/** What a tile's picture says. */
export interface Picture {
  readonly owner: Owner | null;
  readonly health: SlotHealth | null;
  attach(video: HTMLVideoElement): () => void;
}

const NO_GROUP: GroupView = { epoch: null, leaf: null, suite: 0, code: null, members: [], stopped: "not_reached", group: null, prior: null };

function issuedBy({ identity: { role, name_checked: nameChecked, tenant, deployment } }: RosterLine): Issued {
  return { role, nameChecked, tenant, deployment };
}

const NOBODY: readonly Knocker[] = [];

const OFF: OwnSource = { on: false, why: null };

/** Everything known about one meeting. Feed it with `hello`, `event`, `group`…; read `snapshot`. */
export class MeetingModel {
  readonly encryption = new Encryption();
  readonly hands = new Hands();
  #hello: HelloReply | null = null;
  #view: GroupView = NO_GROUP;
  readonly #trees = new Map<number, readonly RosterLine[]>();
  #hints: readonly Hint[] = [];
  #slots = new Map<string, SlotHint>();
  #before: ReadonlyMap<string, string> = new Map();
  #speaking: ReadonlySet<string> = new Set();
  #levels: ReadonlyMap<string, number> = new Map();
  #messages: readonly ChatMessage[] = [];
  #mutedBy: MeetingSnapshot["mutedBy"] = null;
  #own: MeetingSnapshot["own"] = { microphone: OFF, camera: OFF, screen: OFF, screen_sound: OFF };
  #rules: Rules | null = null;
  #role: RoomRole = "member";
  #lobby: readonly Knocker[] = [];
  #waiting: LobbyWait | null = null;
  #rights: Rights = rightsOf("member", null, false);
  #ended: Ended | null = null;
  #interrupted = false;
  #people: readonly Person[] = [];
  #tiles: readonly Tile[] = [];
  readonly #swaps = new SwapWatch();
  soundBlocked = false;

  /** The socket is a participant, for the first time or anew. */
  hello(hello: HelloReply): void {
    this.#hello = hello;
    this.#waiting = null;
    this.#rules = hello.rules;
    this.#role = hello.room_role;
    this.#lobby = [];
    this.#view = { ...NO_GROUP, suite: hello.suite };
    this.#trees.clear();
    this.#hints = [];
    this.#slots = new Map();
    this.hands.reset();
    this.#interrupted = false;
  }

  /** We wait in the lobby. */
  knocked(waiting: LobbyWait): void {
    this.#waiting = waiting;
  }

  /** What we wait for in the lobby, if we do. */
  get waiting(): LobbyWait | null {
    return this.#waiting;
  }

  /** What we may do now. */
  get rights(): Rights {
    return rightsOf(this.#role, this.#rules, this.#mutedBy?.source === "microphone" && this.#mutedBy.held);
  }

  /** The path to the meeting is interrupted, or whole again. */
  interrupted(interrupted: boolean): void {
    this.#interrupted = interrupted;
  }

  /** The group as the key Worker sees it. */
  group(view: GroupView): void {
    this.#view = view;
    if (view.epoch === null) return;
    this.encryption.group(view);
    this.#trees.set(view.epoch, view.members);
    for (const epoch of this.#trees.keys()) if (this.#trees.size > MAX_TREES) this.#trees.delete(epoch);
    this.hands.tree(view);
  }

  /** Takes a server event; those that are not shown are ignored. `now` is unix milliseconds. */
  event(event: ServerEvent, now: number): void {
    switch (event.type) {
      case "participants":
        this.#hints = event.people;
        this.#role = event.people.find((one) => one.participant === this.#hello?.participant)?.room_role ?? this.#role;
        return;
      case "slots":
        for (const slot of event.slots) this.#slots.set(`${slot.kind}/${slot.index}`, slot);
        return;
      case "speakers":
        return this.#speakers(event);
      case "muted":
        this.#mutedBy = { source: event.source as Source, name: this.#nameOf(event.by), from: this.#known(event.by), time: now, held: event.held };
        return;
      case "rules":
        this.#rules = event.rules;
        // With the rule goes what was held under it.
        if (event.rules.unmute === "everyone" && this.#mutedBy !== null) this.#mutedBy = { ...this.#mutedBy, held: false };
        return;
      case "lobby":
        this.#lobby = event.people;
        return;
      case "removed":
        return this.end("removed", event.by === null ? null : this.#nameOf(event.by));
      case "ended":
        return this.end(event.reason, null);
      default:
    }
  }

  /** What we publish changed, by the page's wish (`why` null) or against it. */
  published(source: Source, on: boolean, why: OwnSource["why"]): void {
    this.#own = { ...this.#own, [source]: { on, why } };
  }

  /** It is over for this client; the first reason stays. */
  end(reason: string, by: string | null): void {
    this.#ended ??= { reason, by };
    this.#waiting = null;
  }

  /** Opened content of somebody, or our own once the hub has taken it. */
  content(content: Content, from: { leaf: number; epoch: number; order: number } | "self", now: number): void {
    const leaf = from === "self" ? this.#view.leaf : from.leaf;
    if (leaf === null) return;
    if (content.t === "hand") return this.hands.say(leaf, content.up, from === "self" ? null : from.order);
    if (content.t !== "chat") return;
    const line = this.#line(leaf, from === "self" ? this.#view.epoch : from.epoch);
    const participant = this.#hints.find((hint) => hint.leaf === leaf)?.participant ?? `leaf-${leaf}`;
    const name = line?.identity.name ?? "";
    const said = line === null ? null : issuedBy(line);
    // Ids are the sender's choice: one cannot overwrite another's message.
    const message = { id: `${leaf}/${content.id}`, participant, name, from: said, text: content.text, time: now, own: from === "self" };
    if (this.#messages.some((one) => one.id === message.id && one.participant === participant)) return;
    this.#messages = [...this.#messages, message].slice(-MAX_MESSAGES);
  }

  /** Notes an alarm; null when it was known. */
  alarm(code: string, leaves: readonly number[], now: number, detail = ""): Alarm | null {
    const people = leaves.map((leaf) => this.#line(leaf, this.#view.epoch)?.identity.name ?? "");
    const alarm: Alarm = { code, detail, people, time: now };
    return this.encryption.alarm(alarm) ? alarm : null;
  }

  /** The people present compared the code. */
  verify(now: number): void {
    this.encryption.verify(this.#view, now);
  }

  /** The group as last told. */
  get view(): GroupView {
    return this.#view;
  }

  /** Tiles whose picture has been somebody else's for too long. `now` is monotonic. */
  swapped(pictures: ReadonlyMap<string, Picture>, now: number): number[] {
    const found: number[] = [];
    for (const plan of planTiles(this.#people, this.#slots.values())) {
      const expected = this.#people.find((person) => person.participant === plan.participant)?.leaf ?? null;
      const shown = pictures.get(plan.key)?.owner?.leaf ?? null;
      if (this.#swaps.look(plan.key, expected, shown, now) && expected !== null && shown !== null) found.push(expected, shown);
    }
    return found;
  }

  /** The snapshot of this moment. */
  snapshot(pictures: Pictures): MeetingSnapshot {
    const hello = this.#hello;
    const people = joinPeople(this.#view.members, this.#hints, {
      self: hello?.participant ?? null,
      before: this.#before,
      hands: this.hands.up,
      speaking: this.#speaking,
      levels: this.#levels,
    });
    this.#before = new Map(
      this.#view.members.flatMap((line) => {
        const person = people.find((one) => one.leaf === line.leaf);
        return person === undefined || person.participant.startsWith("leaf-") ? [] : [[hex(line.identity.fingerprint), person.participant]];
      }),
    );
    this.#people = keep(this.#people, people, (person) => `${person.participant}/${person.leaf}`);
    this.#tiles = keep(this.#tiles, this.#arrange(pictures), (tile) => `${tile.participant}/${tile.source}`);
    return {
      state: this.#state(),
      title: hello?.meeting.title ?? "",
      deployment: hello?.deployment ?? "",
      me: hello === null ? null : { ...hello.me, participant: hello.participant },
      tenants: hello?.tenants ?? [],
      people: this.#people,
      handsToldBy: this.hands.toldBy === null ? null : (this.#line(this.hands.toldBy, this.#view.epoch)?.identity.name ?? null),
      tiles: this.#tiles,
      messages: this.#messages,
      encryption: this.encryption.snapshot(this.#view),
      own: this.#own,
      mutedBy: this.#mutedBy,
      rules: this.#rules,
      rights: this.#keptRights(),
      lobby: this.rights.may.command ? this.#lobby : NOBODY,
      waiting: this.#waiting,
      soundBlocked: this.soundBlocked,
      ended: this.#ended,
    };
  }

  #state(): MeetingState {
    if (this.#ended !== null) return "ended";
    if (this.#waiting !== null) return "lobby";
    if (this.#interrupted) return "reconnecting";
    if (this.#hello === null) return "connecting";
    return this.#view.epoch === null ? "waiting" : "connected";
  }

  /** The same object as long as nothing changed, so that views can compare it. */
  #keptRights(): Rights {
    const now = this.rights;
    if (JSON.stringify(now) !== JSON.stringify(this.#rights)) this.#rights = now;
    return this.#rights;
  }

  #arrange(pictures: Pictures): Tile[] {
    const plans = planTiles(this.#people, this.#slots.values());
    const shown = pictures.arrange(plans);
    return plans.flatMap((plan) => {
      const picture = shown.get(plan.key);
      if (picture === undefined) return [];
      const labelled = picture.owner === null ? null : this.#person(picture.owner);
      const state = tileState(plan, labelled !== null, picture.health);
      return [{ participant: plan.participant, source: plan.source, state, labelled, attach: picture.attach }];
    });
  }

  #person(owner: Owner): Person | null {
    const line = this.#line(owner.leaf, owner.epoch);
    const person = this.#people.find((one) => one.leaf === owner.leaf);
    if (line === null || person === undefined) return null;
    // The tree of the frame's epoch names the person, should the leaf have gone to somebody else since (K5.5).
    return person.name === line.identity.name ? person : { ...person, name: line.identity.name };
  }

  #line(leaf: number, epoch: number | null): RosterLine | null {
    const tree = (epoch === null ? undefined : this.#trees.get(epoch)) ?? this.#view.members;
    return tree.find((line) => line.leaf === leaf) ?? null;
  }

  #nameOf(participant: string): string {
    return this.#known(participant)?.name ?? "";
  }

  #known(participant: string): Person | null {
    return this.#people.find((person) => person.participant === participant) ?? null;
  }

  #speakers(event: Events["speakers"]): void {
    this.#levels = new Map(Object.entries(event.levels).map(([who, level]) => [who, loudness(level)]));
    this.#speaking = new Set(event.people.filter((who) => (this.#levels.get(who) ?? 0) > 0));
  }
}
