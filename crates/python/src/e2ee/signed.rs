//! Keys, trust and signed structures: who somebody is, and what somebody said.

use super::{Out, array, b32, bytes, packed, run};
use entente_e2ee::{identity, signed};
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use std::sync::Arc;

#[pyclass(frozen, module = "core._native.e2ee")]
pub struct LeafKey(pub entente_e2ee::LeafKey);

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
pub struct Trust(pub Arc<entente_e2ee::Trust>);

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

/// Adds keys, trust and the functions of signed structures.
pub fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_class::<LeafKey>()?;
    m.add_class::<Trust>()?;
    m.add_function(wrap_pyfunction!(manifest_set_hash, m)?)?;
    m.add_function(wrap_pyfunction!(policy_hash, m)?)?;
    m.add_function(wrap_pyfunction!(signed_encode, m)?)?;
    m.add_function(wrap_pyfunction!(signed_assemble, m)?)?;
    m.add_function(wrap_pyfunction!(signed_open, m)?)?;
    m.add_function(wrap_pyfunction!(signed_peek, m)?)?;
    m.add_function(wrap_pyfunction!(entry_hash, m)?)?;
    m.add_function(wrap_pyfunction!(receipts_hash, m)?)?;
    Ok(())
}
