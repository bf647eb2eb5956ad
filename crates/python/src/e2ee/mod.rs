//! `core._native.e2ee`: thin classes over `entente_e2ee`. Structured values cross as msgpack with field names; every refusal is an
//! `E2eeError(code, detail)`, and a panic of the library below becomes one too, so that no `BaseException` escapes.

mod frames;
mod member;
mod server;
mod signed;

use entente_e2ee::bytes::B32;
use entente_e2ee::{Code, Error, identity, pack};
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use std::panic::{AssertUnwindSafe, catch_unwind};

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
    m.add_function(wrap_pyfunction!(error_codes, &m)?)?;
    signed::register(&m)?;
    member::register(&m)?;
    server::register(&m)?;
    frames::register(&m)?;
    parent.add_submodule(&m)?;
    // So that `from core._native.e2ee import …` finds it: extension modules are no packages.
    py.import("sys")?
        .getattr("modules")?
        .set_item("core._native.e2ee", &m)
}
