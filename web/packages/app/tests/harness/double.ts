/**
 * A double of the SDK's meeting for tests: a store whose snapshot the test sets, and a record of
 * what the app asked for. Pictures are canvases, so that tiles show something that moves.
 */

import type { Commands, Knocker, Meeting, MeetingSnapshot, OwnSource, Person, Rights, RoomRole, Rules, Source, Stats, Tile, View } from "../../src/state/port.ts";
import type { NetworkCount } from "../../src/state/quality.ts";
import { Store } from "../../src/state/store.ts";

export const TENANTS = [
  { deployment: "fr", tenant: "interieur", name: "Ministère de l’Intérieur", short: "Intérieur", colour: "#2a4fa3" },
  { deployment: "fr", tenant: "finances", name: "Ministère des Finances", short: "Finances", colour: "#7a4a12" },
] as const;

const NAMES = ["Claire Fontaine", "Anna Smit", "Jürgen Weiß", "Łucja Nowak", "Marc-Antoine de La Rochefoucauld", "Inês Álvares", "Bo Li", "Zoë van den Berg", "Omar Haddad", "Siân Rees", "Aurélie Petit", "Théo Roux"];

export function person(index: number, change: Partial<Person> = {}): Person {
  const guest = index % 4 === 3;
  return {
    participant: `p_${index}`,
    leaf: index,
    name: NAMES[index % NAMES.length] ?? "",
    nameChecked: !guest,
    tenant: index % 2 === 0 ? "interieur" : "finances",
    deployment: "fr",
    role: guest ? "guest" : "participant",
    issuer: (index % 2 === 0 ? "9f4c21aa" : "47be0d13").repeat(8),
    host: index === 0,
    roomRole: index === 0 ? "owner" : "member",
    self: index === 0,
    hand: false,
    microphone: "live",
    camera: "live",
    screen: "off",
    leaving: false,
    speaking: false,
    signing: false,
    level: 0,
    state: "connected",
    ...change,
  };
}

/** A room in which everybody may do everything. */
export const RULES: Rules = { access: "trusted", share: "everyone", chat: "everyone", unmute: "everyone", audience: false, locked: false };

/** Rights in which nothing stands in the way of anything but what is named. */
export function rights({ command = false, ...why }: Partial<Rights["why"]> & { command?: boolean } = {}): Rights {
  const all = { share: null, chat: null, unmute: null, camera: null, ...why };
  const may = { share: all.share === null, chat: all.chat === null, unmute: all.unmute === null, camera: all.camera === null, command };
  return { may, why: all };
}

/** Somebody before the door; every other one is a guest. */
export function knocker(index: number, change: Partial<Knocker> = {}): Knocker {
  const guest = index % 2 === 0;
  return {
    knock: `k_${"abcdefgh"[index] ?? "z"}`,
    name: ["Paul Verne", "Anna Smit", "Katarzyna Wójcik-Nowakowska", "Ole Hansen"][index % 4] ?? "",
    tenant: index % 4 === 1 ? "finances" : "interieur",
    role: guest ? "guest" : "participant",
    since: Date.now() - 60_000 * (4 - index),
    lookalike: false,
    ...change,
  };
}

const ON: OwnSource = { on: true, why: null };
const OFF: OwnSource = { on: false, why: null };

export function snapshot(change: Partial<MeetingSnapshot> = {}): MeetingSnapshot {
  return {
    state: "connected",
    title: "Budget 2027",
    deployment: "fr",
    me: null,
    tenants: TENANTS,
    people: [],
    handsToldBy: null,
    tiles: [],
    messages: [],
    encryption: {
      active: true,
      suite: "0x004F",
      epoch: 7,
      code: "482913376650192847561029384756",
      stopped: null,
      verified: null,
      newGroup: null,
      alarms: [],
    },
    own: { microphone: ON, camera: ON, screen: OFF, screen_sound: OFF },
    mutedBy: null,
    rules: RULES,
    rights: rights({ command: true }),
    lobby: [],
    waiting: null,
    soundBlocked: false,
    ended: null,
    ...change,
  };
}

export type Call = readonly [name: string, ...values: unknown[]];

export class MeetingDouble implements Meeting {
  readonly calls: Call[] = [];
  readonly #store: Store<MeetingSnapshot>;

  constructor(initial: MeetingSnapshot) {
    this.#store = new Store(initial);
  }

  readonly subscribe = (listener: () => void): (() => void) => this.#store.subscribe(listener);
  readonly getSnapshot = (): MeetingSnapshot => this.#store.getSnapshot();

  change(change: Partial<MeetingSnapshot>): void {
    this.#store.update((before) => ({ ...before, ...change }));
  }

  changePerson(participant: string, change: Partial<Person>): void {
    const people = this.getSnapshot().people.map((known) => (known.participant === participant ? { ...known, ...change } : known));
    this.change({ people });
  }

  async setMicrophone(track: MediaStreamTrack | null): Promise<void> {
    this.calls.push(["setMicrophone", track !== null]);
  }

  async setCamera(track: MediaStreamTrack | null): Promise<void> {
    this.calls.push(["setCamera", track !== null]);
  }

  async startScreen(): Promise<void> {
    this.calls.push(["startScreen"]);
  }

  async stopScreen(): Promise<void> {
    this.calls.push(["stopScreen"]);
  }

  async sendChat(text: string): Promise<void> {
    this.calls.push(["sendChat", text]);
    const me = this.getSnapshot().people.find((known) => known.self);
    const message = { id: `own-${this.calls.length}`, participant: me?.participant ?? "", name: me?.name ?? "", from: me ?? null, text, time: Date.now(), own: true };
    this.change({ messages: [...this.getSnapshot().messages, message] });
  }

  async raiseHand(up: boolean): Promise<void> {
    this.calls.push(["raiseHand", up]);
    const me = this.getSnapshot().people.find((known) => known.self);
    if (me) this.changePerson(me.participant, { hand: up });
  }

  setView(tiles: readonly View[]): void {
    this.calls.push(["setView", tiles]);
  }

  /** Notes what was asked for; the next one fails with `refuses`. */
  readonly host: Commands = {
    mute: (participant: string, source: Source) => this.#done("mute", participant, source),
    muteAll: () => this.#done("muteAll"),
    remove: (participant: string) => this.#done("remove", participant),
    admit: (knock: string) => this.#done("admit", knock),
    admitAll: () => this.#done("admitAll"),
    refuse: (knock: string) => this.#done("refuse", knock),
    lowerHands: (participant: string | null = null) => this.#done("lowerHands", participant),
    rename: (participant: string, name: string) => this.#done("rename", participant, name),
    promote: (participant: string, role: RoomRole) => this.#done("promote", participant, role),
    setRules: (change) => this.#done("setRules", change),
    endForAll: () => this.#done("endForAll"),
  };
  refuses: string | null = null;

  async #done(...call: Call): Promise<void> {
    this.calls.push(call);
    if (this.refuses !== null) throw Object.assign(new Error(this.refuses), { code: this.refuses });
  }

  markVerified(): void {
    this.calls.push(["markVerified"]);
    const { encryption } = this.getSnapshot();
    this.change({ encryption: { ...encryption, verified: { time: Date.now(), joinedSince: [] } } });
  }

  async setSpeaker(id: string): Promise<void> {
    this.calls.push(["setSpeaker", id]);
    if (id === "refused") throw new DOMException("", "NotFoundError");
  }

  async setSigning(on: boolean): Promise<void> {
    this.calls.push(["setSigning", on]);
    const me = this.getSnapshot().people.find((known) => known.self);
    if (me) this.changePerson(me.participant, { signing: on });
  }

  /** What `stats` reports next; null rejects. */
  network: NetworkCount | null = { received: 0, lost: 0, roundTrip: null };

  async stats(): Promise<Stats> {
    if (!this.network) throw Object.assign(new Error("not_connected"), { code: "not_connected" });
    return { network: this.network };
  }

  async playSound(): Promise<void> {
    this.calls.push(["playSound"]);
    this.change({ soundBlocked: false });
  }

  async leave(): Promise<void> {
    this.calls.push(["leave"]);
  }
}

/** A tile whose picture is a slowly turning drawing in a colour of its own. */
export function drawnTile(of: Person, source: "camera" | "screen", change: Partial<Tile> = {}): Tile {
  return {
    participant: of.participant,
    source,
    state: "live",
    labelled: of,
    attach(video) {
      const canvas = document.createElement("canvas");
      canvas.width = 640;
      canvas.height = 360;
      const draw = (): void => (source === "screen" ? drawSheet(canvas) : drawFace(canvas, of.leaf ?? 0));
      draw();
      const timer = setInterval(draw, 200);
      video.srcObject = canvas.captureStream(5);
      void video.play().catch(() => undefined);
      return () => {
        clearInterval(timer);
        video.srcObject = null;
      };
    },
    ...change,
  };
}

function drawFace(canvas: HTMLCanvasElement, seed: number): void {
  const context = canvas.getContext("2d");
  if (!context) return;
  const hue = (seed * 67 + 200) % 360;
  const sky = context.createLinearGradient(0, 0, 0, canvas.height);
  sky.addColorStop(0, `hsl(${hue} 22% 62%)`);
  sky.addColorStop(1, `hsl(${hue} 18% 40%)`);
  context.fillStyle = sky;
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.fillStyle = `hsl(${(hue + 150) % 360} 30% 26%)`;
  context.beginPath();
  context.ellipse(320, 400, 190, 170, 0, 0, 7);
  context.fill();
  context.fillStyle = `hsl(${20 + ((seed * 13) % 18)} 45% ${42 + ((seed * 17) % 34)}%)`;
  context.beginPath();
  context.ellipse(320, 170, 72, 92, 0, 0, 7);
  context.fill();
}

function drawSheet(canvas: HTMLCanvasElement): void {
  const context = canvas.getContext("2d");
  if (!context) return;
  context.fillStyle = "#ffffff";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.fillStyle = "#1c4587";
  context.fillRect(40, 36, 300, 22);
  for (let row = 0; row < 9; row += 1) {
    context.fillStyle = row % 2 ? "#e3e7ee" : "#cfd6e2";
    context.fillRect(40, 84 + row * 27, 560 - ((row * 83) % 220), 13);
  }
}
