//! The MLS library's randomness, cryptography and storage. State lives in memory only and dies with its value: nothing of a
//! group is ever persisted (K2.1).

pub(crate) use openmls_rust_crypto::OpenMlsRustCrypto as Provider;
