//! `core._native.e2ee`: thin classes over `entente_e2ee`. Structured values cross as msgpack with field names; every refusal is an
//! `E2eeError(code, detail)`, and a panic of the library below becomes one too, so that no `BaseException` escapes.

use entente_e2ee::bytes::B32;
use entente_e2ee::frames::{self, Codec, Kid, Kind};
use entente_e2ee::{Code, Error, GroupParams, group, identity, pack, signed};
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

pyo3::create_exception!(
    core._native.e2ee,
    E2eeError,
    pyo3::exceptions::PyException,
    "A refusal: args are (code, detail)."
);

type Out<'py> = PyResult<Bound<'py, PyBytes>>;

fn raise(error: &Error) -> PyErr {
    let (code, detail) = (error.code.as_str(), error.detail.clone());
    let raised = E2eeError::new_err((code, detail.clone()));
    Python::attach(|py| {
        let value = raised.value(py);
        value.setattr("code", code)?;
        value.setattr("detail", detail)
    })
    .err()
    .unwrap_or(raised)
}

/// Runs one call of the crate without letting a panic or an error through in another form.
fn run<T>(call: impl FnOnce() -> entente_e2ee::Result<T>) -> PyResult<T> {
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(raise(&error)),
        Err(_) => Err(raise(&Error::new(Code::Library, "panic"))),
    }
}

/// Runs one call whose value crosses as msgpack.
fn packed<'py, T: serde::Serialize>(
    py: Python<'py>,
    call: impl FnOnce() -> entente_e2ee::Result<T>,
) -> Out<'py> {
    let bytes = run(|| pack::to_vec(&call()?))?;
    Ok(PyBytes::new(py, &bytes))
}

fn bytes<'py>(py: Python<'py>, call: impl FnOnce() -> entente_e2ee::Result<Vec<u8>>) -> Out<'py> {
    Ok(PyBytes::new(py, &run(call)?))
}

fn b32(bytes: &[u8]) -> entente_e2ee::Result<B32> {
    B32::from_slice(bytes)
        .ok_or_else(|| Error::new(Code::ArgumentMalformed, "32 bytes are expected"))
}

fn array<const N: usize>(bytes: &[u8]) -> entente_e2ee::Result<[u8; N]> {
    bytes
        .try_into()
        .map_err(|_| Error::new(Code::ArgumentMalformed, format!("{N} bytes are expected")))
}

#[derive(serde::Serialize)]
struct CodeLine {
    code: &'static str,
    rule: &'static str,
    text: &'static str,
}

#[pyfunction]
fn error_codes(py: Python<'_>) -> Out<'_> {
    let line = |code: &Code| CodeLine {
        code: code.as_str(),
        rule: code.rule(),
        text: code.text(),
    };
    packed(py, || Ok(Code::ALL.iter().map(line).collect::<Vec<_>>()))
}

#[pyclass(frozen, module = "core._native.e2ee")]
struct LeafKey(entente_e2ee::LeafKey);

#[pymethods]
impl LeafKey {
    #[staticmethod]
    fn generate() -> PyResult<Self> {
        run(entente_e2ee::LeafKey::generate).map(Self)
    }

    #[staticmethod]
    fn from_seed(seed: &[u8]) -> PyResult<Self> {
        run(|| Ok(Self(entente_e2ee::LeafKey::from_seed(&array(seed)?))))
    }

    #[getter]
    fn public<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, self.0.public().as_ref())
    }

    fn sign_certify<'py>(&self, py: Python<'py>, nonce: &[u8], participant: &str) -> Out<'py> {
        bytes(py, || Ok(self.0.sign_certify(nonce, participant)))
    }

    fn sign_resume<'py>(&self, py: Python<'py>, nonce: &[u8], participant: &str) -> Out<'py> {
        bytes(py, || Ok(self.0.sign_resume(nonce, participant)))
    }
}

#[pyclass(frozen, module = "core._native.e2ee")]
struct Trust(Arc<entente_e2ee::Trust>);

#[pymethods]
impl Trust {
    #[new]
    fn new(
        manifests: Vec<Vec<u8>>,
        policy: &[u8],
        own_deployment: &str,
        now: u64,
    ) -> PyResult<Self> {
        run(|| entente_e2ee::Trust::new(&manifests, policy, own_deployment, now))
            .map(|trust| Self(Arc::new(trust)))
    }

    #[getter]
    fn manifest_set_hash<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, self.0.manifest_set_hash.as_ref())
    }

    #[getter]
    fn policy_hash<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, self.0.policy_hash.as_ref())
    }

    #[getter]
    fn suites(&self) -> Vec<u16> {
        self.0.suites().to_vec()
    }

    fn verify_chain<'py>(&self, py: Python<'py>, chain: Vec<Vec<u8>>, now: u64) -> Out<'py> {
        packed(py, || self.0.verify_chain(&chain, now))
    }

    fn open_revocation<'py>(&self, py: Python<'py>, revocation: &[u8]) -> Out<'py> {
        packed(py, || self.0.open_revocation(revocation))
    }
}

#[pyfunction]
fn manifest_set_hash(py: Python<'_>, manifests: Vec<Vec<u8>>) -> Out<'_> {
    bytes(py, || {
        Ok(identity::manifest_set_hash(&manifests)?.as_ref().to_vec())
    })
}

#[pyfunction]
fn policy_hash<'py>(py: Python<'py>, policy: &[u8]) -> Out<'py> {
    bytes(py, || Ok(identity::policy_hash(policy)?.as_ref().to_vec()))
}

#[pyfunction]
fn signed_encode<'py>(py: Python<'py>, kind: &str, fields: &[u8]) -> Out<'py> {
    bytes(py, || signed::encode(kind, fields))
}

#[pyfunction]
fn signed_assemble<'py>(py: Python<'py>, to_be_signed: &[u8], signature: &[u8]) -> Out<'py> {
    bytes(py, || signed::assemble(to_be_signed, signature))
}

#[pyfunction]
fn signed_open<'py>(py: Python<'py>, kind: &str, data: &[u8], public_key: &[u8]) -> Out<'py> {
    bytes(py, || signed::open(kind, data, &b32(public_key)?))
}

#[pyfunction]
fn signed_peek<'py>(py: Python<'py>, kind: &str, data: &[u8]) -> Out<'py> {
    bytes(py, || signed::peek(kind, data))
}

#[pyfunction]
fn entry_hash<'py>(py: Python<'py>, entry: &[u8]) -> Out<'py> {
    bytes(py, || Ok(signed::structure_hash(entry)?.as_ref().to_vec()))
}

#[pyfunction]
fn receipts_hash(py: Python<'_>, receipts: Vec<Vec<u8>>) -> Bound<'_, PyBytes> {
    PyBytes::new(py, signed::receipts_hash(&receipts).as_ref())
}

#[pyfunction]
fn external_add<'py>(
    py: Python<'py>,
    hub_seed: &[u8],
    group_id: &[u8],
    epoch: u64,
    sender_index: u32,
    key_package: &[u8],
) -> Out<'py> {
    bytes(py, || {
        group::external_add(
            &array(hub_seed)?,
            group_id,
            epoch,
            sender_index,
            key_package,
        )
    })
}

#[pyfunction]
fn external_remove<'py>(
    py: Python<'py>,
    hub_seed: &[u8],
    group_id: &[u8],
    epoch: u64,
    sender_index: u32,
    leaf: u32,
) -> Out<'py> {
    bytes(py, || {
        group::external_remove(&array(hub_seed)?, group_id, epoch, sender_index, leaf)
    })
}

#[pyclass(module = "core._native.e2ee")]
struct Member(entente_e2ee::Member);

#[pymethods]
impl Member {
    #[new]
    fn new(
        leaf_key: &LeafKey,
        chain: Vec<Vec<u8>>,
        trust: &Trust,
        suite: u16,
        allow_classical: bool,
        now: u64,
    ) -> PyResult<Self> {
        let (key, trust) = (leaf_key.0.clone(), Arc::clone(&trust.0));
        run(|| entente_e2ee::Member::new(key, chain, trust, suite, allow_classical, now)).map(Self)
    }

    fn key_package<'py>(&mut self, py: Python<'py>, now: u64) -> Out<'py> {
        bytes(py, || self.0.key_package(now))
    }

    fn create<'py>(&mut self, py: Python<'py>, params: &[u8], now: u64) -> Out<'py> {
        packed(py, || {
            self.0.create(pack::from_slice::<GroupParams>(params)?, now)
        })
    }

    fn propose(
        &mut self,
        epoch: u64,
        attempt: u32,
        committer_leaf: u32,
        proposals: Vec<Vec<u8>>,
        now: u64,
    ) -> PyResult<()> {
        run(|| {
            self.0
                .propose(epoch, attempt, committer_leaf, &proposals, now)
        })
    }

    #[pyo3(signature = (epoch, attempt, now, force_path = false))]
    fn commit<'py>(
        &mut self,
        py: Python<'py>,
        epoch: u64,
        attempt: u32,
        now: u64,
        force_path: bool,
    ) -> Out<'py> {
        packed(py, || self.0.commit(epoch, attempt, force_path, now))
    }

    fn stage<'py>(
        &mut self,
        py: Python<'py>,
        entry: &[u8],
        commit: &[u8],
        signature: &[u8],
        now: u64,
    ) -> PyResult<Option<Bound<'py, PyBytes>>> {
        let receipt = run(|| self.0.stage(entry, commit, signature, now))?;
        Ok(receipt.map(|receipt| PyBytes::new(py, &receipt)))
    }

    fn join<'py>(
        &mut self,
        py: Python<'py>,
        entry: &[u8],
        welcome: &[u8],
        tree: &[u8],
        params: &[u8],
        now: u64,
    ) -> Out<'py> {
        bytes(py, || {
            self.0
                .join(entry, welcome, tree, pack::from_slice(params)?, now)
        })
    }

    fn reached<'py>(
        &mut self,
        py: Python<'py>,
        entry: &[u8],
        receipts: Vec<Vec<u8>>,
        now: u64,
    ) -> Out<'py> {
        packed(py, || self.0.reached(entry, &receipts, now))
    }

    fn withdrawn(&mut self, entry: &[u8], now: u64) -> PyResult<()> {
        run(|| self.0.withdrawn(entry, now))
    }

    fn receipt(&mut self, receipt: &[u8], now: u64) -> PyResult<()> {
        run(|| self.0.receipt(receipt, now))
    }

    fn removing(&mut self, leaf: u32, reason: &str, now: u64) -> PyResult<()> {
        run(|| self.0.removing(leaf, reason == "left", now))
    }

    fn settled(&mut self, epoch: u64, now: u64) -> PyResult<()> {
        run(|| self.0.settled(epoch, now))
    }

    fn connected(&mut self, leaves: Vec<u32>) -> PyResult<()> {
        run(|| self.0.connected(&leaves))
    }

    fn send_epoch(&mut self, now: u64) -> PyResult<u64> {
        run(|| self.0.send_epoch(now))
    }

    fn encrypt<'py>(&mut self, py: Python<'py>, content: &[u8], now: u64) -> Out<'py> {
        bytes(py, || self.0.encrypt(content, now))
    }

    fn decrypt<'py>(&mut self, py: Python<'py>, data: &[u8], now: u64) -> Out<'py> {
        packed(py, || self.0.decrypt(data, now))
    }

    fn frame_sender<'py>(&mut self, py: Python<'py>, kind: &str, now: u64) -> Out<'py> {
        packed(py, || self.0.frame_sender(Kind::parse(kind)?, now))
    }

    fn frame_receiver<'py>(&mut self, py: Python<'py>, kid: u64, now: u64) -> Out<'py> {
        packed(py, || self.0.frame_receiver(kid, now))
    }

    fn roster<'py>(&self, py: Python<'py>) -> Out<'py> {
        packed(py, || self.0.roster())
    }

    #[getter]
    fn epoch(&self) -> PyResult<u64> {
        run(|| self.0.epoch())
    }

    #[getter]
    fn group_id<'py>(&self, py: Python<'py>) -> Out<'py> {
        bytes(py, || self.0.group_id())
    }

    #[getter]
    fn leaf(&self) -> PyResult<u32> {
        run(|| self.0.leaf())
    }

    #[getter]
    fn suite(&self) -> u16 {
        self.0.suite()
    }

    fn params<'py>(&self, py: Python<'py>) -> Out<'py> {
        packed(py, || self.0.params())
    }

    fn code(&self) -> PyResult<String> {
        run(|| self.0.code())
    }

    fn head<'py>(&self, py: Python<'py>) -> Out<'py> {
        bytes(py, || Ok(self.0.head()?.as_ref().to_vec()))
    }

    fn revoke(&mut self, revocation: &[u8], now: u64) -> PyResult<()> {
        run(|| self.0.revoke(revocation, now))
    }

    fn failure_report<'py>(
        &self,
        py: Python<'py>,
        epoch: u64,
        attempt: u32,
        commit_hash: &[u8],
        code: &str,
    ) -> Out<'py> {
        bytes(py, || {
            self.0
                .failure_report(epoch, attempt, b32(commit_hash)?, code)
        })
    }

    fn sign_snapshot<'py>(
        &self,
        py: Python<'py>,
        purpose: &str,
        order: u64,
        content: &[u8],
    ) -> Out<'py> {
        bytes(py, || self.0.sign_snapshot(purpose, order, content))
    }

    fn open_snapshot<'py>(
        &self,
        py: Python<'py>,
        giver_leaf: u32,
        data: &[u8],
        content: &[u8],
    ) -> Out<'py> {
        packed(py, || self.0.open_snapshot(giver_leaf, data, content))
    }

    fn check_signed<'py>(&self, py: Python<'py>, kind: &str, data: &[u8]) -> Out<'py> {
        bytes(py, || self.0.check_signed(kind, data))
    }

    fn sign_resume<'py>(&self, py: Python<'py>, nonce: &[u8], participant: &str) -> Out<'py> {
        bytes(py, || Ok(self.0.sign_resume(nonce, participant)))
    }
}

#[pyclass(module = "core._native.e2ee")]
struct PublicGroup(entente_e2ee::PublicGroup);

#[pymethods]
impl PublicGroup {
    #[staticmethod]
    fn from_group_info(
        group_info: &[u8],
        tree: &[u8],
        params: &[u8],
        trust: &Trust,
        now: u64,
    ) -> PyResult<Self> {
        let trust = Arc::clone(&trust.0);
        run(|| {
            entente_e2ee::PublicGroup::from_group_info(
                group_info,
                tree,
                pack::from_slice(params)?,
                trust,
                now,
            )
        })
        .map(Self)
    }

    #[getter]
    fn epoch(&self) -> u64 {
        self.0.epoch()
    }

    #[getter]
    fn group_id<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, self.0.group_id())
    }

    fn members<'py>(&self, py: Python<'py>) -> Out<'py> {
        packed(py, || Ok(self.0.members()))
    }

    fn tree<'py>(&self, py: Python<'py>) -> Out<'py> {
        bytes(py, || self.0.tree())
    }

    fn leaf_of(&self, public_key: &[u8]) -> PyResult<Option<u32>> {
        run(|| Ok(self.0.leaf_of(&b32(public_key)?)))
    }

    fn check_key_package<'py>(&self, py: Python<'py>, data: &[u8], now: u64) -> Out<'py> {
        packed(py, || self.0.check_key_package(data, now))
    }

    #[allow(clippy::too_many_arguments)]
    fn stage<'py>(
        &mut self,
        py: Python<'py>,
        epoch: u64,
        attempt: u32,
        proposals: Vec<Vec<u8>>,
        commit: &[u8],
        signature: &[u8],
        committer_leaf: u32,
        now: u64,
    ) -> Out<'py> {
        packed(py, || {
            self.0.stage(
                epoch,
                attempt,
                &proposals,
                commit,
                signature,
                committer_leaf,
                now,
            )
        })
    }

    fn merge(&mut self) -> PyResult<()> {
        run(|| self.0.merge())
    }

    fn discard(&mut self) {
        self.0.discard();
    }

    fn check_signed<'py>(&self, py: Python<'py>, kind: &str, data: &[u8]) -> Out<'py> {
        bytes(py, || self.0.check_signed(kind, data))
    }

    fn revoke<'py>(&self, py: Python<'py>, revocation: &[u8], now: u64) -> Out<'py> {
        let _ = now;
        packed(py, || self.0.revoke(revocation))
    }

    #[staticmethod]
    fn split_welcome<'py>(py: Python<'py>, welcome: &[u8], key_package_ref: &[u8]) -> Out<'py> {
        bytes(py, || group::split_welcome(welcome, key_package_ref))
    }
}

#[pyclass(module = "core._native.e2ee")]
struct SframeSealer(frames::Sealer);

#[pymethods]
impl SframeSealer {
    #[new]
    #[pyo3(signature = (kid, key, salt, floor = 0))]
    fn new(kid: u64, key: &[u8], salt: &[u8], floor: usize) -> PyResult<Self> {
        run(|| frames::Sealer::new(kid, &array(key)?, &array(salt)?, floor)).map(Self)
    }

    #[getter]
    fn floor(&self) -> usize {
        self.0.floor()
    }

    fn seal<'py>(
        &mut self,
        py: Python<'py>,
        codec: &str,
        key_frame: bool,
        frame: &[u8],
    ) -> Out<'py> {
        bytes(py, || self.0.seal(Codec::parse(codec)?, key_frame, frame))
    }
}

#[pyclass(module = "core._native.e2ee")]
struct SframeOpener(frames::Opener);

#[pymethods]
impl SframeOpener {
    #[new]
    fn new(kid: u64, key: &[u8], salt: &[u8]) -> PyResult<Self> {
        run(|| frames::Opener::new(kid, &array(key)?, &array(salt)?)).map(Self)
    }

    fn open<'py>(&mut self, py: Python<'py>, codec: &str, wire: &[u8]) -> Out<'py> {
        bytes(py, || self.0.open(Codec::parse(codec)?, wire))
    }
}

#[pyfunction]
fn parse_header<'py>(py: Python<'py>, wire: &[u8], codec: &str) -> Out<'py> {
    packed(py, || frames::parse_header(wire, Codec::parse(codec)?))
}

#[pyfunction]
fn kid_pack(generation: u16, kind: &str, leaf: u16, epoch: u64) -> PyResult<u64> {
    run(|| {
        let kid = Kid {
            generation,
            kind: Kind::parse(kind)?,
            leaf,
            epoch: epoch as u8,
        };
        if u32::from(leaf) < entente_e2ee::MAX_LEAVES {
            Ok(kid.pack())
        } else {
            Err(Code::KidMalformed.into())
        }
    })
}

/// Adds the submodule to `core._native`.
pub fn register(parent: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = parent.py();
    let m = PyModule::new(py, "e2ee")?;
    m.add("E2eeError", py.get_type::<E2eeError>())?;
    m.add("SUITE_HYBRID", entente_e2ee::SUITE_HYBRID)?;
    m.add("SUITE_CLASSICAL", entente_e2ee::SUITE_CLASSICAL)?;
    m.add("PROTOCOL_VERSION", entente_e2ee::PROTOCOL_VERSION)?;
    m.add("OID_ROLE", identity::OID_ROLE)?;
    m.add("OID_ASSURANCE", identity::OID_ASSURANCE)?;
    m.add("OID_NAME_CHECKED", identity::OID_NAME_CHECKED)?;
    m.add("MAX_CERTIFICATE_MS", identity::MAX_CERTIFICATE_MS)?;
    m.add_class::<LeafKey>()?;
    m.add_class::<Trust>()?;
    m.add_class::<Member>()?;
    m.add_class::<PublicGroup>()?;
    m.add_class::<SframeSealer>()?;
    m.add_class::<SframeOpener>()?;
    m.add_function(wrap_pyfunction!(error_codes, &m)?)?;
    m.add_function(wrap_pyfunction!(manifest_set_hash, &m)?)?;
    m.add_function(wrap_pyfunction!(policy_hash, &m)?)?;
    m.add_function(wrap_pyfunction!(signed_encode, &m)?)?;
    m.add_function(wrap_pyfunction!(signed_assemble, &m)?)?;
    m.add_function(wrap_pyfunction!(signed_open, &m)?)?;
    m.add_function(wrap_pyfunction!(signed_peek, &m)?)?;
    m.add_function(wrap_pyfunction!(entry_hash, &m)?)?;
    m.add_function(wrap_pyfunction!(receipts_hash, &m)?)?;
    m.add_function(wrap_pyfunction!(external_add, &m)?)?;
    m.add_function(wrap_pyfunction!(external_remove, &m)?)?;
    m.add_function(wrap_pyfunction!(parse_header, &m)?)?;
    m.add_function(wrap_pyfunction!(kid_pack, &m)?)?;
    parent.add_submodule(&m)?;
    // So that `from core._native.e2ee import …` finds it: extension modules are no packages.
    py.import("sys")?
        .getattr("modules")?
        .set_item("core._native.e2ee", &m)
}
