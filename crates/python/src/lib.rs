//! The Python extension module `core._native`: bindings only.
//!
//! `core._native.media` drives the worker threads, `core._native.e2ee` holds members, public groups and signed structures.
//! Nothing here decides anything; every error crosses the border as an exception, never as a panic.

mod e2ee;
mod media;

use pyo3::prelude::*;

/// The module that Python imports as `core._native`.
#[pymodule]
fn _native(m: &Bound<'_, PyModule>) -> PyResult<()> {
    e2ee::register(m)?;
    media::register(m)?;
    Ok(())
}
