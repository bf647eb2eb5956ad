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

/** One participant as signalling sees it. Names on screen come from the tree, never from here (M4.5). */
export interface Person {
  participant: string;
  leaf: number | null;
  name_hint: string;
  tenant: string;
  deployment: string;
  role: Role;
  host: boolean;
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
}

/** First message of a new participant: the single-use join token. */
export interface Hello {
  id: number;
  type: "hello";
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

/** A host has stopped one of your sources. */
export interface Muted {
  seq: number;
  type: "muted";
  source: Source;
  by: string;
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
  "removed": Removed;
  "ended": Ended;
  "media.move": MediaMove;
}

export type ServerEvent = Events[keyof Events];
