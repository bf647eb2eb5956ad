"""Types of `core._native.e2ee`: members, public groups, certificates, signed structures and SFrame.

Structured values cross as msgpack with field names; the TypedDicts below name their fields and exist for
type checkers only. `now` is always unix time in milliseconds. Every refusal is an `E2eeError` whose `code`
is one of `error_codes()`.
"""

from collections.abc import Sequence
from typing import Literal, TypedDict

Kind = Literal["microphone", "camera", "screen", "screen_sound", "consent_microphone"]
Codec = Literal["opus", "vp8", "vp9", "h264", "av1"]
Role = Literal["participant", "guest", "agent", "recipient"]
Assurance = Literal["low", "substantial", "high"]
State = Literal["proposed", "reached", "withdrawn"]
Structure = Literal[
    "manifest", "policy", "entry", "receipt", "submission",
    "revocation", "certify", "resume", "snapshot", "failure_report",
]  # fmt: skip

SUITE_HYBRID: int  # 0x004F
SUITE_CLASSICAL: int  # 0x0001
PROTOCOL_VERSION: int  # 1, the `version` of GroupParams
OID_ROLE: str  # DER UTF8String: a Role
OID_ASSURANCE: str  # DER UTF8String: an Assurance
OID_NAME_CHECKED: str  # DER BOOLEAN: whether the CA checked the common name (absent: false)
MAX_CERTIFICATE_MS: int  # 24 h, K2.1

class E2eeError(Exception):
    """A refusal. `args == (code, detail)`; the code is stable, the detail is for operators and holds no
    secret."""

    code: str
    detail: str

# ---- shapes of msgpack values
# ---------------------------------------------------------------------------------------

class Identity(TypedDict):
    """What a verified certificate says about a leaf (K2.1)."""

    deployment: str
    tenant: str
    subject: str
    name: str
    name_checked: bool
    role: Role
    assurance: Assurance
    not_after: int  # unix ms
    issuer_fingerprint: bytes  # SHA-256 of the root that the chain ends in
    fingerprint: bytes  # SHA-256 of the leaf certificate
    leaf_public_key: bytes

class Sframe(TypedDict):
    suite: int  # 4

class Prior(TypedDict):
    group: bytes
    head_hash: bytes
    reason: str

class GroupParams(TypedDict):
    """What the GroupContext carries (K3.1)."""

    version: int
    group_id: bytes
    meeting: bytes  # label, 32 bytes
    term: int
    hub: str  # deployment
    hub_keys: list[bytes]  # order of external_senders: the hub first, then its successors
    policy_hash: bytes
    manifest_set_hash: bytes
    suite: int
    sframe: Sframe
    prior: Prior | None

class TenantRoots(TypedDict):
    tenant: str
    name: str
    roots: list[bytes]  # DER certificates
    policy_key: bytes

class Manifest(TypedDict):
    """Signed by its own `key`, which is pinned out of band (K2.3)."""

    deployment: str
    serial: int
    not_before: int
    not_after: int
    key: bytes
    hub_keys: list[bytes]
    witness_key: bytes  # empty when there is none
    endpoints: list[str]
    tenants: list[TenantRoots]

class Policy(TypedDict):
    """Signed by the tenant's policy_key (K2.6)."""

    deployment: str
    tenant: str
    serial: int
    not_before: int
    not_after: int
    suites: list[int]
    guests: bool

class Entry(TypedDict):
    """Signed by the hub key (K4.2). Epoch is the one the commit leads to."""

    meeting: bytes
    group: bytes
    term: int
    seq: int
    epoch: int
    attempt: int
    state: State
    prev_hash: bytes  # entry_hash of the entry before; 32 zero bytes at seq 0
    commit_hash: bytes  # SHA-256 of the commit; of the group info at epoch 0
    time: int
    receipts_hash: bytes  # receipts_hash([...]); of no receipts where there are none

class Receipt(TypedDict):
    """Signed by the leaf key (K4.3)."""

    group: bytes
    epoch: int
    attempt: int
    leaf: int
    authenticator: bytes
    entry_hash: bytes  # of the proposed entry

class Submission(TypedDict):
    """Signed by the committer's leaf key (K4.1)."""

    group: bytes
    epoch: int
    attempt: int
    leaf: int
    commit_hash: bytes

class Revocation(TypedDict):
    """Signed by the key of the tenant's root (K2.4)."""

    deployment: str
    tenant: str
    fingerprint: bytes  # SHA-256 of the revoked certificate
    reason: str
    time: int

class Certify(TypedDict):
    """Signed by the fresh leaf key: what `certify {proof}` carries."""

    nonce: bytes
    participant: str
    public_key: bytes

class Resume(TypedDict):
    """Signed by the leaf key over a server nonce (K2.5)."""

    nonce: bytes
    participant: str
    public_key: bytes

class Snapshot(TypedDict):
    """Signed by the giver's leaf key (K6.2)."""

    group: bytes
    epoch: int
    leaf: int
    purpose: str
    order: int
    content_hash: bytes

class SnapshotLine(TypedDict):
    """What the giver of a snapshot vouches for, beside its content."""

    epoch: int
    purpose: str
    order: int

class FailureReport(TypedDict):
    """Signed by the leaf key of a member that cannot process a commit (K4.4)."""

    group: bytes
    epoch: int
    attempt: int
    leaf: int
    commit_hash: bytes
    code: str

class Created(TypedDict):
    group_info: bytes
    tree: bytes

class Commit(TypedDict):
    commit: bytes
    welcome: bytes | None
    group_info: bytes
    signature: bytes

class Leaf(TypedDict):
    leaf: int
    identity: Identity

class Reached(TypedDict):
    epoch: int
    added: list[Leaf]
    removed: list[int]
    self_removed: bool

class Message(TypedDict):
    leaf: int
    epoch: int
    number: int
    content: bytes
    missed: int

class FrameSender(TypedDict):
    kid: int
    epoch: int
    generation: int
    key: bytes  # 16
    salt: bytes  # 12

class FrameReceiver(TypedDict):
    key: bytes
    salt: bytes
    leaf: int
    epoch: int
    generation: int
    kind: Kind

class RosterLine(TypedDict):
    leaf: int
    identity: Identity
    joined_epoch: int  # for those who were there before us: the epoch we joined at
    self: bool
    revoked: bool

class CheckedKeyPackage(TypedDict):
    ref: bytes
    identity: Identity
    public_key: bytes
    init_key: bytes
    encryption_key: bytes
    suite: int

class Staged(TypedDict):
    commit_hash: bytes
    added: list[int]
    removed: list[int]

class FrameHeader(TypedDict):
    kid: int
    ctr: int
    offset: int  # bytes of synthetic header in front of the SFrame header

class ErrorCode(TypedDict):
    code: str
    rule: str
    text: str

def error_codes() -> bytes:
    """Msgpack list of ErrorCode: every code this module can raise."""

# ---- identity
# -------------------------------------------------------------------------------------------------------

class LeafKey:
    """A member's Ed25519 key. It can sign what the rules name and be neither printed nor exported."""

    @staticmethod
    def generate() -> LeafKey: ...
    @staticmethod
    def from_seed(seed: bytes) -> LeafKey:
        """A repeatable key for tests and vectors; 32 bytes."""

    @property
    def public(self) -> bytes: ...
    def sign_certify(self, nonce: bytes, participant: str) -> bytes:
        """An assembled `certify` structure: open it with `signed_open` and compare nonce, participant and
        public_key."""

    def sign_resume(self, nonce: bytes, participant: str) -> bytes:
        """An assembled `resume` structure: open it with the leaf's known key and compare nonce and
        participant."""

class Trust:
    """Verified manifests and the own tenant's policy: which root speaks for which tenant (K2.2, K2.3)."""

    def __init__(self, manifests: Sequence[bytes], policy: bytes, own_deployment: str, now: int) -> None: ...
    @property
    def manifest_set_hash(self) -> bytes: ...
    @property
    def policy_hash(self) -> bytes: ...
    @property
    def suites(self) -> list[int]:
        """Suites that the policy allows."""

    def verify_chain(self, chain: Sequence[bytes], now: int) -> bytes:
        """DER certificates, leaf first, root optional -> msgpack Identity."""

    def open_revocation(self, revocation: bytes) -> bytes:
        """Msgpack Revocation, verified under a root of the ministry that it names."""

def manifest_set_hash(manifests: Sequence[bytes]) -> bytes:
    """The hash that GroupParams carries, whatever the order of the manifests."""

def policy_hash(policy: bytes) -> bytes: ...

# ---- signed structures
# ----------------------------------------------------------------------------------------------

def signed_encode(kind: Structure, fields: bytes) -> bytes:
    """Msgpack fields -> the bytes to sign with Ed25519."""

def signed_assemble(to_be_signed: bytes, signature: bytes) -> bytes: ...
def signed_open(kind: Structure, data: bytes, public_key: bytes) -> bytes:
    """Verified msgpack fields."""

def signed_peek(kind: Structure, data: bytes) -> bytes:
    """Msgpack fields WITHOUT a check of the signature: only to find out whose key to check it with."""

def entry_hash(entry: bytes) -> bytes:
    """SHA-256 over what the hub signed: the next entry's prev_hash, and a receipt's entry_hash."""

def receipts_hash(receipts: Sequence[bytes]) -> bytes:
    """SHA-256 over the receipts in the order in which the entry carries them."""

# ---- the hub's own proposals: only inside the signer process
# ----------------------------------------------------------

def external_add(
    hub_seed: bytes, group_id: bytes, epoch: int, sender_index: int, key_package: bytes
) -> bytes:
    """A proposal to add. `epoch` is the group's current one, which the commit leaves."""

def external_remove(hub_seed: bytes, group_id: bytes, epoch: int, sender_index: int, leaf: int) -> bytes:
    """A proposal to remove a leaf. `epoch` is the group's current one, which the commit leaves."""

# ---- groups
# ---------------------------------------------------------------------------------------------------------

class Member:
    """One leaf of one group.

    Order of calls: `key_package`, then `create` + `reached` (entry seq 0) or `join`; for each epoch
    `propose`, by the named committer `commit`, by everybody `stage`, then `reached` or `withdrawn`. Epochs
    in arguments and structures are the ones a commit leads to. A call that raises leaves the state as it was.
    """

    def __init__(
        self,
        leaf_key: LeafKey,
        chain: Sequence[bytes],
        trust: Trust,
        suite: int,
        allow_classical: bool,
        now: int,
    ) -> None: ...
    def key_package(self, now: int) -> bytes: ...
    def create(self, params: bytes, now: int) -> bytes:
        """Msgpack GroupParams -> msgpack Created. Feed the hub's entry seq 0 to `reached` with no
        receipts."""

    def propose(
        self, epoch: int, attempt: int, committer_leaf: int, proposals: Sequence[bytes], now: int
    ) -> None: ...
    def commit(self, epoch: int, attempt: int, now: int, force_path: bool = False) -> bytes:
        """Msgpack Commit for the announced proposals; stage it with its entry like everybody else."""

    def stage(self, entry: bytes, commit: bytes, signature: bytes, now: int) -> bytes | None:
        """The signed receipt; None when this very commit removes us."""

    def join(self, entry: bytes, welcome: bytes, tree: bytes, params: bytes, now: int) -> bytes:
        """A joiner's receipt. The group is held until `reached`; `withdrawn` makes ready for the next
        Welcome."""

    def reached(self, entry: bytes, receipts: Sequence[bytes], now: int) -> bytes:
        """Merges. Msgpack Reached."""

    def withdrawn(self, entry: bytes, now: int) -> None: ...
    def receipt(self, receipt: bytes, now: int) -> None:
        """A later receipt: raises receipt_conflict where two members of one epoch do not agree."""

    def removing(self, leaf: int, reason: Literal["host", "revocation", "left"], now: int) -> None: ...
    def settled(self, epoch: int, now: int) -> None: ...
    def connected(self, leaves: Sequence[int]) -> None:
        """The leaves that the server says are connected; alone among them nothing may be sent (K3.3)."""

    def send_epoch(self, now: int) -> int:
        """The epoch under which frames go out; raises stopped_removal_pending, stopped_alone, not_reached
        or removed."""

    def encrypt(self, content: bytes, now: int) -> bytes: ...
    def decrypt(self, data: bytes, now: int) -> bytes:
        """Msgpack Message."""

    def frame_sender(self, kind: Kind, now: int) -> bytes:
        """Msgpack FrameSender. Each call advances the generation: one call, one sealer (K5.2)."""

    def frame_receiver(self, kid: int, now: int) -> bytes:
        """Msgpack FrameReceiver; raises unknown_epoch (hold the frame up to 1 s), removed_leaf,
        unknown_leaf, revoked_leaf."""

    def roster(self) -> bytes:
        """Msgpack list of RosterLine."""

    @property
    def epoch(self) -> int: ...
    @property
    def group_id(self) -> bytes: ...
    @property
    def leaf(self) -> int: ...
    @property
    def suite(self) -> int: ...
    def params(self) -> bytes:
        """Msgpack GroupParams of the group."""

    def code(self) -> str:
        """30 digits to compare aloud (K6.3)."""

    def head(self) -> bytes:
        """Hash of the last entry."""

    def revoke(self, revocation: bytes, now: int) -> None: ...
    def failure_report(self, epoch: int, attempt: int, commit_hash: bytes, code: str) -> bytes: ...
    def sign_snapshot(self, purpose: str, order: int, content: bytes) -> bytes:
        """A state given to a late joiner, or the confirmation of one that another gave (K6.2)."""

    def open_snapshot(self, giver_leaf: int, data: bytes, content: bytes) -> bytes:
        """Msgpack SnapshotLine; raises snapshot_foreign, unknown_leaf, revoked_leaf, or signed_signature where
        another leaf or another content was signed."""

    def check_signed(self, kind: Structure, data: bytes) -> bytes:
        """Opens a receipt, submission, snapshot or failure_report under the key of the leaf it names:
        msgpack fields."""

    def sign_resume(self, nonce: bytes, participant: str) -> bytes: ...

class PublicGroup:
    """The server's view of a group: it verifies and never decrypts."""

    @staticmethod
    def from_group_info(
        group_info: bytes, tree: bytes, params: bytes, trust: Trust, now: int
    ) -> PublicGroup: ...
    @property
    def epoch(self) -> int: ...
    @property
    def group_id(self) -> bytes: ...
    def members(self) -> bytes:
        """Msgpack list of Leaf."""

    def tree(self) -> bytes:
        """The ratchet tree of the current epoch, for joiners; with a commit staged, of the epoch it leads
        to."""

    def leaf_of(self, public_key: bytes) -> int | None: ...
    def check_key_package(self, data: bytes, now: int) -> bytes:
        """Msgpack CheckedKeyPackage."""

    def stage(
        self,
        epoch: int,
        attempt: int,
        proposals: Sequence[bytes],
        commit: bytes,
        signature: bytes,
        committer_leaf: int,
        now: int,
    ) -> bytes:
        """Msgpack Staged. `epoch` is the one the commit leads to."""

    def merge(self) -> None: ...
    def discard(self) -> None: ...
    def check_signed(self, kind: Structure, data: bytes) -> bytes:
        """Opens a receipt, submission, snapshot or failure_report under the key of the leaf it names
        (staged tree first)."""

    def revoke(self, revocation: bytes, now: int) -> bytes:
        """Verifies a revocation: msgpack list of the leaves it concerns (possibly none)."""

    @staticmethod
    def split_welcome(welcome: bytes, key_package_ref: bytes) -> bytes:
        """The Welcome with one joiner's secrets only."""

# ---- frames
# ---------------------------------------------------------------------------------------------------------

class SframeSealer:
    """Seals whole frames under one KID; owns its counter. For sound `floor` carries the padded size on to
    the next sealer."""

    def __init__(self, kid: int, key: bytes, salt: bytes, floor: int = 0) -> None: ...
    @property
    def floor(self) -> int: ...
    def seal(self, codec: Codec, key_frame: bool, frame: bytes) -> bytes: ...

class SframeOpener:
    """Opens frames of one KID, each at most once (window of 1,024)."""

    def __init__(self, kid: int, key: bytes, salt: bytes) -> None: ...
    def open(self, codec: Codec, wire: bytes) -> bytes: ...

def parse_header(wire: bytes, codec: Codec) -> bytes:
    """Msgpack FrameHeader."""

def kid_pack(generation: int, kind: Kind, leaf: int, epoch: int) -> int: ...
