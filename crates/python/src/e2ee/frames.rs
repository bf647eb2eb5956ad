//! SFrame on whole frames.

use super::{Out, array, bytes, packed, run};
use entente_e2ee::Code;
use entente_e2ee::frames::{self, Codec, Kid, Kind};
use pyo3::prelude::*;

#[pyclass(module = "core._native.e2ee")]
pub struct SframeSealer(frames::Sealer);

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
pub struct SframeOpener(frames::Opener);

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

/// Adds sealer, opener and key ids.
pub fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_class::<SframeSealer>()?;
    m.add_class::<SframeOpener>()?;
    m.add_function(wrap_pyfunction!(parse_header, m)?)?;
    m.add_function(wrap_pyfunction!(kid_pack, m)?)?;
    Ok(())
}
