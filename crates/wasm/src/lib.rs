//! The browser's bindings of the end-to-end encryption crate, for the key Worker and nothing else.
//!
//! Names and shapes are those of the Python binding in camelCase; structured values are msgpack with field names. Every refusal
//! is an `Error` with a stable `code`. A panic is a trap here: the Worker that meets one is replaced (K5.2).
#![forbid(unsafe_code)]

use entente_e2ee::bytes::B32;
use entente_e2ee::frames::Kind;
use entente_e2ee::signed::{Entry, Signed};
use entente_e2ee::{Code, Error, identity, pack, signed};
use js_sys::{Reflect, Uint8Array};
use std::sync::Arc;
use wasm_bindgen::prelude::*;

type Bytes = Result<Vec<u8>, JsValue>;

/// An `Error` whose `code` and `detail` the client maps to its texts.
fn raise(error: &Error) -> JsValue {
    let raised = js_sys::Error::new(&error.to_string());
    let set = |key: &str, value: &str| Reflect::set(&raised, &key.into(), &value.into());
    let _ = set("code", error.code.as_str()).and(set("detail", &error.detail));
    raised.into()
}

fn run<T>(result: entente_e2ee::Result<T>) -> Result<T, JsValue> {
    result.map_err(|error| raise(&error))
}

fn packed<T: serde::Serialize>(result: entente_e2ee::Result<T>) -> Bytes {
    run(result.and_then(|value| pack::to_vec(&value)))
}

fn b32(bytes: &[u8]) -> Result<B32, JsValue> {
    B32::from_slice(bytes).ok_or_else(|| {
        raise(&Error::new(
            Code::ArgumentMalformed,
            "32 bytes are expected",
        ))
    })
}

/// A whole number that JavaScript holds exactly.
fn whole(value: f64) -> Result<u64, JsValue> {
    let exact = (0.0..=9_007_199_254_740_991.0).contains(&value) && value.fract() == 0.0;
    if exact {
        Ok(value as u64)
    } else {
        Err(raise(&Error::new(
            Code::ArgumentMalformed,
            "not a whole number",
        )))
    }
}

/// The caller's clock, unix milliseconds; `performance` clocks bring fractions.
fn clock(now: f64) -> Result<u64, JsValue> {
    whole(now.floor())
}

fn list(items: &[Uint8Array]) -> Vec<Vec<u8>> {
    items.iter().map(Uint8Array::to_vec).collect()
}

/// Msgpack fields of an entry without a check of the signature: only to name what a report is about.
#[wasm_bindgen(js_name = signedPeek)]
pub fn signed_peek(kind: &str, data: &[u8]) -> Bytes {
    match kind {
        "entry" => packed(Entry::peek(data)),
        _ => Err(raise(&Error::new(Code::ArgumentMalformed, "entries only"))),
    }
}

/// SHA-256 over what the hub signed.
#[wasm_bindgen(js_name = entryHash)]
pub fn entry_hash(entry: &[u8]) -> Bytes {
    run(signed::structure_hash(entry).map(|hash| hash.as_ref().to_vec()))
}

/// The hash of a set of manifests, whatever their order.
#[wasm_bindgen(js_name = manifestSetHash)]
pub fn manifest_set_hash(manifests: Vec<Uint8Array>) -> Bytes {
    run(identity::manifest_set_hash(&list(&manifests)).map(|hash| hash.as_ref().to_vec()))
}

/// A member's Ed25519 key; it can be neither read nor exported.
#[wasm_bindgen]
pub struct LeafKey(entente_e2ee::LeafKey);

#[wasm_bindgen]
impl LeafKey {
    /// A fresh key.
    pub fn generate() -> Result<LeafKey, JsValue> {
        run(entente_e2ee::LeafKey::generate()).map(LeafKey)
    }

    /// The public half.
    #[wasm_bindgen(getter)]
    pub fn public(&self) -> Vec<u8> {
        self.0.public().as_ref().to_vec()
    }

    /// An assembled proof of possession for the CA.
    #[wasm_bindgen(js_name = signCertify)]
    pub fn sign_certify(&self, nonce: &[u8], participant: &str) -> Vec<u8> {
        self.0.sign_certify(nonce, participant)
    }

    /// An assembled proof that a returning socket is ours.
    #[wasm_bindgen(js_name = signResume)]
    pub fn sign_resume(&self, nonce: &[u8], participant: &str) -> Vec<u8> {
        self.0.sign_resume(nonce, participant)
    }
}

/// Verified manifests and the own ministry's policy.
#[wasm_bindgen]
pub struct Trust(Arc<entente_e2ee::Trust>);

#[wasm_bindgen]
impl Trust {
    /// Verifies manifests and policy.
    #[wasm_bindgen(constructor)]
    pub fn new(
        manifests: Vec<Uint8Array>,
        policy: &[u8],
        own_deployment: &str,
        now: f64,
    ) -> Result<Trust, JsValue> {
        let trust =
            entente_e2ee::Trust::new(&list(&manifests), policy, own_deployment, clock(now)?);
        run(trust).map(|trust| Trust(Arc::new(trust)))
    }

    /// The hash that the group's parameters carry.
    #[wasm_bindgen(getter, js_name = manifestSetHash)]
    pub fn manifest_set_hash(&self) -> Vec<u8> {
        self.0.manifest_set_hash.as_ref().to_vec()
    }

    /// The hash of the policy.
    #[wasm_bindgen(getter, js_name = policyHash)]
    pub fn policy_hash(&self) -> Vec<u8> {
        self.0.policy_hash.as_ref().to_vec()
    }

    /// Suites that the policy allows.
    #[wasm_bindgen(getter)]
    pub fn suites(&self) -> Vec<u16> {
        self.0.suites().to_vec()
    }

    /// DER certificates, leaf first, to a msgpack Identity.
    #[wasm_bindgen(js_name = verifyChain)]
    pub fn verify_chain(&self, chain: Vec<Uint8Array>, now: f64) -> Bytes {
        packed(self.0.verify_chain(&list(&chain), clock(now)?))
    }
}

/// One leaf of one group; epochs are those a commit leads to.
#[wasm_bindgen]
pub struct Member(entente_e2ee::Member);

#[wasm_bindgen]
impl Member {
    /// A member to be.
    #[wasm_bindgen(constructor)]
    pub fn new(
        leaf_key: &LeafKey,
        chain: Vec<Uint8Array>,
        trust: &Trust,
        suite: u16,
        allow_classical: bool,
        now: f64,
    ) -> Result<Member, JsValue> {
        let (key, trust) = (leaf_key.0.clone(), Arc::clone(&trust.0));
        run(entente_e2ee::Member::new(
            key,
            list(&chain),
            trust,
            suite,
            allow_classical,
            clock(now)?,
        ))
        .map(Member)
    }

    /// A key package.
    #[wasm_bindgen(js_name = keyPackage)]
    pub fn key_package(&mut self, now: f64) -> Bytes {
        run(self.0.key_package(clock(now)?))
    }

    /// Msgpack GroupParams to msgpack `{group_info, tree}`.
    pub fn create(&mut self, params: &[u8], now: f64) -> Bytes {
        let now = clock(now)?;
        packed(pack::from_slice(params).and_then(|params| self.0.create(params, now)))
    }

    /// What the hub announced.
    pub fn propose(
        &mut self,
        epoch: f64,
        attempt: u32,
        committer: u32,
        proposals: Vec<Uint8Array>,
        now: f64,
    ) -> Result<(), JsValue> {
        run(self.0.propose(
            whole(epoch)?,
            attempt,
            committer,
            &list(&proposals),
            clock(now)?,
        ))
    }

    /// Msgpack `{commit, welcome, group_info, signature}`.
    pub fn commit(
        &mut self,
        epoch: f64,
        attempt: u32,
        now: f64,
        force_path: Option<bool>,
    ) -> Bytes {
        packed(self.0.commit(
            whole(epoch)?,
            attempt,
            force_path.unwrap_or(false),
            clock(now)?,
        ))
    }

    /// The receipt; undefined when this commit removes us.
    pub fn stage(
        &mut self,
        entry: &[u8],
        commit: &[u8],
        signature: &[u8],
        now: f64,
    ) -> Result<Option<Vec<u8>>, JsValue> {
        run(self.0.stage(entry, commit, signature, clock(now)?))
    }

    /// A joiner's receipt.
    pub fn join(
        &mut self,
        entry: &[u8],
        welcome: &[u8],
        tree: &[u8],
        params: &[u8],
        now: f64,
    ) -> Bytes {
        let now = clock(now)?;
        run(pack::from_slice(params)
            .and_then(|params| self.0.join(entry, welcome, tree, params, now)))
    }

    /// Merges; msgpack `{epoch, added, removed, self_removed}`.
    pub fn reached(&mut self, entry: &[u8], receipts: Vec<Uint8Array>, now: f64) -> Bytes {
        packed(self.0.reached(entry, &list(&receipts), clock(now)?))
    }

    /// Drops what was staged.
    pub fn withdrawn(&mut self, entry: &[u8], now: f64) -> Result<(), JsValue> {
        run(self.0.withdrawn(entry, clock(now)?))
    }

    /// Compares a later receipt.
    pub fn receipt(&mut self, receipt: &[u8], now: f64) -> Result<(), JsValue> {
        run(self.0.receipt(receipt, clock(now)?))
    }

    /// Somebody is to be removed: reason `host`, `revocation` or `left`.
    pub fn removing(&mut self, leaf: u32, reason: &str, now: f64) -> Result<(), JsValue> {
        run(self.0.removing(leaf, reason == "left", clock(now)?))
    }

    /// Every connected member sent a receipt for this epoch.
    pub fn settled(&mut self, epoch: f64, now: f64) -> Result<(), JsValue> {
        run(self.0.settled(whole(epoch)?, clock(now)?))
    }

    /// Who is connected.
    pub fn connected(&mut self, leaves: Vec<u32>) -> Result<(), JsValue> {
        run(self.0.connected(&leaves))
    }

    /// The epoch under which frames go out.
    #[wasm_bindgen(js_name = sendEpoch)]
    pub fn send_epoch(&mut self, now: f64) -> Result<f64, JsValue> {
        run(self.0.send_epoch(clock(now)?)).map(|epoch| epoch as f64)
    }

    /// Encrypts an application message.
    pub fn encrypt(&mut self, content: &[u8], now: f64) -> Bytes {
        run(self.0.encrypt(content, clock(now)?))
    }

    /// Msgpack `{leaf, epoch, number, content, missed}`.
    pub fn decrypt(&mut self, data: &[u8], now: f64) -> Bytes {
        packed(self.0.decrypt(data, clock(now)?))
    }

    /// Msgpack `{kid, epoch, generation, key, salt}`; each call is for one sealer.
    #[wasm_bindgen(js_name = frameSender)]
    pub fn frame_sender(&mut self, kind: &str, now: f64) -> Bytes {
        let now = clock(now)?;
        packed(Kind::parse(kind).and_then(|kind| self.0.frame_sender(kind, now)))
    }

    /// Msgpack `{key, salt, leaf, epoch, generation, kind}`.
    #[wasm_bindgen(js_name = frameReceiver)]
    pub fn frame_receiver(&mut self, kid: u64, now: f64) -> Bytes {
        packed(self.0.frame_receiver(kid, clock(now)?))
    }

    /// Msgpack list of roster lines.
    pub fn roster(&self) -> Bytes {
        packed(self.0.roster())
    }

    /// The last reached epoch.
    #[wasm_bindgen(getter)]
    pub fn epoch(&self) -> Result<f64, JsValue> {
        run(self.0.epoch()).map(|epoch| epoch as f64)
    }

    /// MLS group id.
    #[wasm_bindgen(getter, js_name = groupId)]
    pub fn group_id(&self) -> Bytes {
        run(self.0.group_id())
    }

    /// Our leaf.
    #[wasm_bindgen(getter)]
    pub fn leaf(&self) -> Result<u32, JsValue> {
        run(self.0.leaf())
    }

    /// Our suite.
    #[wasm_bindgen(getter)]
    pub fn suite(&self) -> u16 {
        self.0.suite()
    }

    /// Msgpack GroupParams.
    pub fn params(&self) -> Bytes {
        packed(self.0.params())
    }

    /// 30 digits to compare aloud.
    pub fn code(&self) -> Result<String, JsValue> {
        run(self.0.code())
    }

    /// Hash of the last entry.
    pub fn head(&self) -> Bytes {
        run(self.0.head().map(|hash| hash.as_ref().to_vec()))
    }

    /// Takes in a revocation.
    pub fn revoke(&mut self, revocation: &[u8], now: f64) -> Result<(), JsValue> {
        run(self.0.revoke(revocation, clock(now)?))
    }

    /// Says, signed, that a commit cannot be processed.
    #[wasm_bindgen(js_name = failureReport)]
    pub fn failure_report(
        &self,
        epoch: f64,
        attempt: u32,
        commit_hash: &[u8],
        code: &str,
    ) -> Bytes {
        run(self
            .0
            .failure_report(whole(epoch)?, attempt, b32(commit_hash)?, code))
    }

    /// Vouches for a state given to a late joiner.
    #[wasm_bindgen(js_name = signSnapshot)]
    pub fn sign_snapshot(&self, purpose: &str, order: f64, content: &[u8]) -> Bytes {
        run(self.0.sign_snapshot(purpose, whole(order)?, content))
    }

    /// Msgpack `{epoch, purpose, order}` of a state that the member at this leaf vouches for.
    #[wasm_bindgen(js_name = openSnapshot)]
    pub fn open_snapshot(&self, giver_leaf: u32, data: &[u8], content: &[u8]) -> Bytes {
        packed(self.0.open_snapshot(giver_leaf, data, content))
    }

    /// Proves that a returning socket is ours.
    #[wasm_bindgen(js_name = signResume)]
    pub fn sign_resume(&self, nonce: &[u8], participant: &str) -> Vec<u8> {
        self.0.sign_resume(nonce, participant)
    }
}
