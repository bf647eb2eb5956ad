//! Msgpack with field names: how structured values cross the bindings.

use crate::{Code, Error, Result};
use serde::{Serialize, de::DeserializeOwned};

/// Msgpack of a value, with field names.
pub fn to_vec<T: Serialize>(value: &T) -> Result<Vec<u8>> {
    rmp_serde::to_vec_named(value).map_err(|error| Error::new(Code::Library, error.to_string()))
}

/// A value from msgpack with field names; bytes behind it are refused.
pub fn from_slice<T: DeserializeOwned>(bytes: &[u8]) -> Result<T> {
    let mut reader = rmp_serde::Deserializer::new(std::io::Cursor::new(bytes));
    let value = T::deserialize(&mut reader)
        .map_err(|error| Error::new(Code::ArgumentMalformed, error.to_string()))?;
    if reader.position() == bytes.len() as u64 {
        Ok(value)
    } else {
        Err(Error::new(
            Code::ArgumentMalformed,
            "bytes behind the value",
        ))
    }
}
