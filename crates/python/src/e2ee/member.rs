//! One leaf of one group.

use super::signed::{LeafKey, Trust};
use super::{Out, b32, bytes, packed, run};
use entente_e2ee::frames::Kind;
use entente_e2ee::{GroupParams, pack};
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use std::sync::Arc;

#[pyclass(module = "core._native.e2ee")]
pub struct Member(entente_e2ee::Member);

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

/// Adds the member.
pub fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_class::<Member>()?;
    Ok(())
}
