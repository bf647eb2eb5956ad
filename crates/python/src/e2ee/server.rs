//! The server's view of a group, and the hub's own proposals.

use super::signed::Trust;
use super::{Out, array, b32, bytes, packed, run};
use entente_e2ee::{group, pack};
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use std::sync::Arc;

#[pyclass(module = "core._native.e2ee")]
pub struct PublicGroup(entente_e2ee::PublicGroup);

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

/// Adds the public group and the hub's proposals.
pub fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_class::<PublicGroup>()?;
    m.add_function(wrap_pyfunction!(external_add, m)?)?;
    m.add_function(wrap_pyfunction!(external_remove, m)?)?;
    Ok(())
}
