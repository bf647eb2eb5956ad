// Written by scripts/generate-wire from core/wire; change it there. Messages of `entente.v1`.

export const MAX_MESSAGE = 4194304;

export const SMALL_MESSAGE = 98304;

export type Source = "microphone" | "camera" | "screen" | "screen_sound" | "consent_microphone";

export type SourceState = "live" | "muted" | "off";

export type SlotKind = "audio" | "video" | "screen" | "screen_sound";

export type Role = "participant" | "guest" | "agent" | "recipient";

export type PersonState = "joining" | "connected" | "reconnecting";

/** What a client says it is; used in counts only. */
export interface ClientInfo {
  name: string;
  version: string;
}

/** A ministry as it is shown: nothing here is proof of anything. */
export interface Tenant {
  deployment: string;
  tenant: string;
  name: string;
  short: string;
  colour: string;
}

/** Who the login made of this socket. */
export interface Me {
  deployment: string;
  tenant: string;
  subject: string;
  name: string;
  role: Role;
}

/** The room as it is shown. */
export interface MeetingInfo {
  title: string;
  slug: string;
}

/** What this node grants a client: bits per second each way, and video slots (M3.1). */
export interface MediaInfo {
  connection_limit: number;
  max_video_slots: number;
}

/** The room's rules as everybody is told them. Who may not do a thing is refused by the node; the client only leaves the button away. */
export interface Rules {
  access: "public" | "trusted" | "restricted";
  share: "everyone" | "hosts";
  chat: "everyone" | "hosts";
  unmute: "everyone" | "hosts";
  audience: boolean;
  locked: boolean;
}

/** Somebody in the lobby, as the hosts see them: a guest's name is only what was typed. */
export interface Knocker {
  knock: string;
  name: string;
  tenant: string;
  role: Role;
  since: number;
  lookalike: boolean;
}

/** One participant as signalling sees it. Names on screen come from the tree, never from here (M4.5). */
export interface Person {
  participant: string;
  leaf: number | null;
  name_hint: string;
  tenant: string;
  deployment: string;
  role: Role;
  host: boolean;
  room_role: "owner" | "cohost" | "member" | "audience";
  state: PersonState;
  sources: Partial<Record<Source, SourceState>>;
  signing: boolean;
  joined_at: number;
}

/** One tile on a client's screen; `height` in CSS pixels times the device's ratio. */
export interface Tile {
  participant: string;
  source: "camera" | "screen";
  height: number;
}

/** Who the core has put into a slot; a hint for layout only (M4.5). */
export interface SlotHint {
  kind: SlotKind;
  index: number;
  participant: string | null;
  source: Source | null;
}

/** The reply that only says: done. */
export interface Empty {
}

/** The socket is a participant now; the rest is what the client needs before it makes its leaf. */
export interface HelloReply {
  participant: string;
  nonce: Uint8Array;
  resume_nonce: Uint8Array;
  me: Me;
  meeting: MeetingInfo;
  suite: number;
  allow_classical: boolean;
  deployment: string;
  manifests: Uint8Array[];
  policy: Uint8Array;
  tenants: Tenant[];
  media: MediaInfo;
  resume_seconds: number;
  room_role: "owner" | "cohost" | "member" | "audience";
  rules: Rules;
}

/** First message of a new participant: the single-use join token. */
export interface Hello {
  id: number;
  type: "hello";
  token: string;
  client: ClientInfo;
}

/** The socket waits in the lobby; `lobby.admitted` or `lobby.refused` follows, the latter by itself after `seconds`. */
export interface KnockReply {
  meeting: MeetingInfo;
  seconds: number;
}

/** First message of somebody whose join token is for the lobby. After `lobby.admitted` a `hello` with the token of that event follows on the same socket. */
export interface Knock {
  id: number;
  type: "knock";
  token: string;
  client: ClientInfo;
}

/** A fresh nonce to sign with the leaf key. */
export interface ResumeReply {
  nonce: Uint8Array;
}

/** First message on a new socket after a loss (K2.5). */
export interface Resume {
  id: number;
  type: "resume";
  participant: string;
  last_seq: number;
}

/** The socket is the participant's again; `replayed` events follow. */
export interface ResumeProveReply {
  replayed: number;
}

/** The leaf key's signature over the nonce of `resume`. */
export interface ResumeProve {
  id: number;
  type: "resume_prove";
  signature: Uint8Array;
}

/** The certificate chain of the leaf key, leaf first, DER. */
export interface CertifyReply {
  chain: Uint8Array[];
}

/** Asks the tenant's CA to certify a leaf key; `proof` signs the nonce of `hello` (K2.1). */
export interface Certify {
  id: number;
  type: "certify";
  public_key: Uint8Array;
  proof: Uint8Array;
}

/** One MLS key package; answered later by `group.create` or `group.welcome`. */
export interface KeyPackage {
  id: number;
  type: "key_package";
  data: Uint8Array;
}

/** The signed `reached` entry of epoch 0. */
export interface GroupCreatedReply {
  entry: Uint8Array;
}

/** Answer of the first client to `group.create` (K3.1). */
export interface GroupCreated {
  id: number;
  type: "group.created";
  group_info: Uint8Array;
  tree: Uint8Array;
}

/** The named committer's submission (K4.1); `epoch` is the one the commit leads to. */
export interface GroupCommit {
  id: number;
  type: "group.commit";
  epoch: number;
  attempt: number;
  commit: Uint8Array;
  welcome?: Uint8Array | null;
  group_info: Uint8Array;
  tree?: Uint8Array | null;
  signature: Uint8Array;
}

/** A member's signed receipt over the epoch it has staged (K4.3). */
export interface GroupReceipt {
  id: number;
  type: "group.receipt";
  receipt: Uint8Array;
}

/** A member could not process a commit; `report` is signed by its leaf key (K4.4). */
export interface GroupFailed {
  id: number;
  type: "group.failed";
  epoch: number;
  attempt: number;
  report: Uint8Array;
}

/** An MLS application message; refused with `stale_epoch` when older than the window (K6.1). */
export interface SendMessage {
  id: number;
  type: "message";
  data: Uint8Array;
  epoch: number;
  kind?: "chat" | "signal";
}

/** The answer. */
export interface MediaOfferReply {
  sdp: string;
}

/** An SDP offer. `connection` counts PeerConnections from 0; a known number renegotiates or restarts. */
export interface MediaOffer {
  id: number;
  type: "media.offer";
  connection: number;
  sdp: string;
  restart?: boolean;
}

/** The client has closed a PeerConnection. */
export interface MediaClose {
  id: number;
  type: "media.close";
  connection: number;
}

/** What the client publishes now; a hint for tiles, the engine sees the packets. */
export interface SetSource {
  id: number;
  type: "source";
  source: Source;
  state: SourceState;
}

/** What is on screen, most important first. */
export interface SetView {
  id: number;
  type: "view";
  tiles: Tile[];
}

/** A host stops forwarding of somebody's source. */
export interface Mute {
  id: number;
  type: "mute";
  participant: string;
  source: Source;
}

/** Says that one signs, which counts as speaking until it is taken back (M4.7). */
export interface Signing {
  id: number;
  type: "signing";
  on: boolean;
}

/** A host removes somebody from the meeting. */
export interface Remove {
  id: number;
  type: "remove";
  participant: string;
}

/** A host lets somebody of the lobby in. */
export interface Admit {
  id: number;
  type: "admit";
  knock: string;
}

/** A host lets everybody of the lobby in. */
export interface AdmitAll {
  id: number;
  type: "admit_all";
}

/** A host lets somebody of the lobby not in. */
export interface Refuse {
  id: number;
  type: "refuse";
  knock: string;
}

/** A host stops the microphones of everybody who is no host. */
export interface MuteAll {
  id: number;
  type: "mute_all";
}

/** A host lowers somebody's hand, or everybody's. */
export interface LowerHands {
  id: number;
  type: "lower_hands";
  participant?: string | null;
}

/** A host gives a guest another name, which needs a fresh certificate and leaf (K2.1); the name of somebody with a login is its ministry's word. */
export interface Rename {
  id: number;
  type: "rename";
  participant: string;
  name: string;
}

/** A host makes somebody co-host, member or audience; nobody makes or unmakes an owner. */
export interface Promote {
  id: number;
  type: "promote";
  participant: string;
  room_role: "cohost" | "member" | "audience";
}

/** A host changes rules of the room; what is left out stays. */
export interface SetRules {
  id: number;
  type: "set_rules";
  access?: "public" | "trusted" | "restricted" | null;
  share?: "everyone" | "hosts" | null;
  chat?: "everyone" | "hosts" | null;
  unmute?: "everyone" | "hosts" | null;
  audience?: boolean | null;
  locked?: boolean | null;
}

/** A host ends the meeting for everybody. */
export interface EndForAll {
  id: number;
  type: "end_for_all";
}

/** A voluntary leave. */
export interface Leave {
  id: number;
  type: "leave";
}

/** The node's wall clock, unix milliseconds. */
export interface PingReply {
  time: number;
}

/** Keeps the socket alive and measures it. */
export interface Ping {
  id: number;
  type: "ping";
}

/** Small counters of the client; only names of the allow-list are kept. */
export interface Stats {
  id: number;
  type: "stats";
  counters: Record<string, number>;
}

/** The whole list each time, at most four times a second. */
export interface Participants {
  seq: number;
  type: "participants";
  people: Person[];
}

/** You are first: create the group with these parameters (msgpack of GroupParams, K3.1). */
export interface GroupCreate {
  seq: number;
  type: "group.create";
  params: Uint8Array;
}

/** For a joiner, before its Welcome: the last reached entry, to chain from. */
export interface GroupHead {
  seq: number;
  type: "group.head";
  entry: Uint8Array;
  params: Uint8Array;
}

/** The hub's proposals and the member it names to commit them (K3.2); `epoch` is the one it leads to. */
export interface GroupPropose {
  seq: number;
  type: "group.propose";
  epoch: number;
  attempt: number;
  committer: number;
  proposals: Uint8Array[];
  deadline_ms: number;
}

/** A stored, proposed commit to stage and answer with a receipt (K4.3). */
export interface GroupStaged {
  seq: number;
  type: "group.staged";
  entry: Uint8Array;
  commit: Uint8Array;
  signature: Uint8Array;
  committer: number;
}

/** A joiner's own part of the Welcome; held until `group.reached`. */
export interface GroupWelcome {
  seq: number;
  type: "group.welcome";
  entry: Uint8Array;
  welcome: Uint8Array;
  tree: Uint8Array;
  params: Uint8Array;
}

/** The epoch counts; merge after checking a receipt by another member (K4.4). */
export interface GroupReached {
  seq: number;
  type: "group.reached";
  epoch: number;
  entry: Uint8Array;
  receipts: Uint8Array[];
}

/** The attempt is taken back; drop the stage. */
export interface GroupWithdrawn {
  seq: number;
  type: "group.withdrawn";
  entry: Uint8Array;
}

/** Receipts that came after `group.reached`, to compare (K4.4); gathered, as there are n² of them. */
export interface GroupReceiptsRelayed {
  seq: number;
  type: "group.receipt";
  receipts: Uint8Array[];
}

/** Every connected member has confirmed the epoch: frames may use it (K4.5). */
export interface GroupSettled {
  seq: number;
  type: "group.settled";
  epoch: number;
}

/** A removal or revocation is under way: merge it within 2 s or stop sending (K4.6). */
export interface GroupRemoving {
  seq: number;
  type: "group.removing";
  leaf: number;
  reason: string;
}

/** A CA-signed revocation (K2.4). */
export interface GroupRevocation {
  seq: number;
  type: "group.revocation";
  data: Uint8Array;
}

/** Rejoin as a fresh leaf: certify again, then a new key package (K4.2). */
export interface GroupRejoin {
  seq: number;
  type: "group.rejoin";
  reason: string;
  nonce: Uint8Array;
}

/** An MLS application message in the hub's order (K6.1). */
export interface MessageRelayed {
  seq: number;
  type: "message";
  data: Uint8Array;
  epoch: number;
  order: number;
  kind: "chat" | "signal";
}

/** Who the core has put where; a hint for layout only. */
export interface Slots {
  seq: number;
  type: "slots";
  slots: SlotHint[];
}

/** The loudest by seniority (M4.7), and levels of those above silence. */
export interface Speakers {
  seq: number;
  type: "speakers";
  people: string[];
  levels: Record<string, number>;
}

/** A host has stopped one of your sources. `held`: it stays so until a host lets you speak again. */
export interface Muted {
  seq: number;
  type: "muted";
  source: Source;
  by: string;
  held: boolean;
}

/** A host has lowered your hand: take it down. */
export interface HandLowered {
  seq: number;
  type: "hand_lowered";
  by: string;
}

/** The room's rules from now on. */
export interface RulesChanged {
  seq: number;
  type: "rules";
  rules: Rules;
}

/** For hosts: everybody in the lobby, longest first, each time that changes. */
export interface Lobby {
  seq: number;
  type: "lobby";
  people: Knocker[];
}

/** You may come in: say `hello` with this token. */
export interface LobbyAdmitted {
  seq: number;
  type: "lobby.admitted";
  token: string;
}

/** You were not let in: by a host's word (`host`), because nobody answered (`timeout`), or because the meeting ended (`ended`). */
export interface LobbyRefused {
  seq: number;
  type: "lobby.refused";
  reason: "host" | "timeout" | "ended";
}

/** You are out. */
export interface Removed {
  seq: number;
  type: "removed";
  reason: string;
  by: string | null;
}

/** The meeting is over. */
export interface Ended {
  seq: number;
  type: "ended";
  reason: string;
}

/** Open a second PeerConnection with this number, then close the old (M5.1). */
export interface MediaMove {
  seq: number;
  type: "media.move";
  connection: number;
  reason: string;
}

/** An error as a client reads it; `code` is of the enumerated list, `retry_after` in seconds. */
export interface WireFault {
  code: string;
  message: string;
  retry_after: number | null;
}

/** A request has been done; `ok` is the reply model of its type, as a map. */
export interface OkReply {
  re: number;
  ok: Record<string, unknown>;
}

/** A request has been refused. */
export interface ErrorReply {
  re: number;
  error: WireFault;
}

/** Each request by its type, with the reply that answers it. */
export interface Requests {
  "hello": { request: Hello; reply: HelloReply };
  "knock": { request: Knock; reply: KnockReply };
  "resume": { request: Resume; reply: ResumeReply };
  "resume_prove": { request: ResumeProve; reply: ResumeProveReply };
  "certify": { request: Certify; reply: CertifyReply };
  "key_package": { request: KeyPackage; reply: Empty };
  "group.created": { request: GroupCreated; reply: GroupCreatedReply };
  "group.commit": { request: GroupCommit; reply: Empty };
  "group.receipt": { request: GroupReceipt; reply: Empty };
  "group.failed": { request: GroupFailed; reply: Empty };
  "message": { request: SendMessage; reply: Empty };
  "media.offer": { request: MediaOffer; reply: MediaOfferReply };
  "media.close": { request: MediaClose; reply: Empty };
  "source": { request: SetSource; reply: Empty };
  "view": { request: SetView; reply: Empty };
  "mute": { request: Mute; reply: Empty };
  "signing": { request: Signing; reply: Empty };
  "remove": { request: Remove; reply: Empty };
  "admit": { request: Admit; reply: Empty };
  "admit_all": { request: AdmitAll; reply: Empty };
  "refuse": { request: Refuse; reply: Empty };
  "mute_all": { request: MuteAll; reply: Empty };
  "lower_hands": { request: LowerHands; reply: Empty };
  "rename": { request: Rename; reply: Empty };
  "promote": { request: Promote; reply: Empty };
  "set_rules": { request: SetRules; reply: Empty };
  "end_for_all": { request: EndForAll; reply: Empty };
  "leave": { request: Leave; reply: Empty };
  "ping": { request: Ping; reply: PingReply };
  "stats": { request: Stats; reply: Empty };
}

export type ClientRequest = Requests[keyof Requests]["request"];

/** Each event by its type. */
export interface Events {
  "participants": Participants;
  "group.create": GroupCreate;
  "group.head": GroupHead;
  "group.propose": GroupPropose;
  "group.staged": GroupStaged;
  "group.welcome": GroupWelcome;
  "group.reached": GroupReached;
  "group.withdrawn": GroupWithdrawn;
  "group.receipt": GroupReceiptsRelayed;
  "group.settled": GroupSettled;
  "group.removing": GroupRemoving;
  "group.revocation": GroupRevocation;
  "group.rejoin": GroupRejoin;
  "message": MessageRelayed;
  "slots": Slots;
  "speakers": Speakers;
  "muted": Muted;
  "hand_lowered": HandLowered;
  "rules": RulesChanged;
  "lobby": Lobby;
  "lobby.admitted": LobbyAdmitted;
  "lobby.refused": LobbyRefused;
  "removed": Removed;
  "ended": Ended;
  "media.move": MediaMove;
}

export type ServerEvent = Events[keyof Events];
