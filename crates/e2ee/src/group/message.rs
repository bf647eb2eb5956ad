//! Untrusted bytes to MLS messages: nothing behind the end, only the formats that the rules allow.

use crate::{Code, Error, Result};
use openmls::messages::group_info::VerifiableGroupInfo;
use openmls::prelude::tls_codec::Deserialize as _;
use openmls::prelude::*;

/// One MLS message, nothing behind it (attack 16).
pub fn parse(bytes: &[u8]) -> Result<MlsMessageBodyIn> {
    let mut rest = bytes;
    let message = MlsMessageIn::tls_deserialize(&mut rest)
        .map_err(|error| Error::new(Code::MessageMalformed, error.to_string()))?;
    guard!(
        "K3.2.trailing",
        rest.is_empty(),
        MessageTrailing,
        "{} bytes",
        rest.len()
    );
    Ok(message.extract())
}

/// A handshake message: a PublicMessage and nothing else.
pub fn public(bytes: &[u8]) -> Result<PublicMessageIn> {
    match parse(bytes)? {
        MlsMessageBodyIn::PublicMessage(message) => Ok(message),
        _ => Err(Code::MessageWireFormat.into()),
    }
}

/// An application message.
pub fn private(bytes: &[u8]) -> Result<PrivateMessageIn> {
    match parse(bytes)? {
        MlsMessageBodyIn::PrivateMessage(message) => Ok(message),
        _ => Err(Code::MessageWireFormat.into()),
    }
}

/// A key package, not yet checked.
pub fn key_package(bytes: &[u8]) -> Result<KeyPackageIn> {
    match parse(bytes)? {
        MlsMessageBodyIn::KeyPackage(package) => Ok(package),
        _ => Err(Code::MessageWireFormat.into()),
    }
}

/// A Welcome.
pub fn welcome(bytes: &[u8]) -> Result<Welcome> {
    match parse(bytes)? {
        MlsMessageBodyIn::Welcome(welcome) => Ok(welcome),
        _ => Err(Code::WelcomeMalformed.into()),
    }
}

/// A GroupInfo, not yet checked.
pub fn group_info(bytes: &[u8]) -> Result<VerifiableGroupInfo> {
    match parse(bytes)? {
        MlsMessageBodyIn::GroupInfo(info) => Ok(info),
        _ => Err(Code::MessageWireFormat.into()),
    }
}

/// A ratchet tree, not yet checked.
pub fn tree(bytes: &[u8]) -> Result<RatchetTreeIn> {
    let mut rest = bytes;
    let tree = RatchetTreeIn::tls_deserialize(&mut rest)
        .map_err(|error| Error::new(Code::MessageMalformed, format!("tree: {error}")))?;
    guard!(
        "K3.2.tree-trailing",
        rest.is_empty(),
        MessageTrailing,
        "{} bytes",
        rest.len()
    );
    Ok(tree)
}
