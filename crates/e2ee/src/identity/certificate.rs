//! The fields of one certificate that our own comparison needs (K2.1, K2.2): URI, name, role, assurance, validity and key.

use super::der::{self, Element, Elements};
use super::oid;
use crate::bytes::{B32, sha256};
use crate::{Code, Error, Result};

/// Object identifiers in DER: subjectAltName, commonName, Ed25519.
const SUBJECT_ALT_NAME: &[u8] = &[0x55, 0x1d, 0x11];
const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];
const ED25519: &[u8] = &[0x2b, 0x65, 0x70];
/// GeneralName uniformResourceIdentifier.
const URI: u8 = 0x86;

/// What one certificate says; nothing of it is trusted before its chain is.
pub struct Certificate {
    /// SHA-256 of the DER.
    pub fingerprint: B32,
    /// Unix milliseconds.
    pub not_before: u64,
    /// Unix milliseconds.
    pub not_after: u64,
    /// The Ed25519 key.
    pub public_key: B32,
    /// Common names in the subject.
    pub common_names: Vec<String>,
    /// All alternative names that are URIs; none counts when there are other kinds.
    pub uris: Option<Vec<String>>,
    /// Our extension, where present and well-formed.
    pub role: Option<String>,
    /// Our extension, where present and well-formed.
    pub assurance: Option<String>,
    /// Our extension.
    pub name_checked: bool,
}

impl Certificate {
    /// Reads one DER certificate.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        read(bytes).ok_or_else(|| Error::new(Code::ChainMalformed, "certificate"))
    }
}

fn whole(bytes: &[u8], tag: u8) -> Option<Elements<'_>> {
    let mut outer = Elements(bytes);
    let element = outer.expect(tag)?;
    outer.0.is_empty().then_some(Elements(element.content))
}

fn read(bytes: &[u8]) -> Option<Certificate> {
    let mut tbs = Elements(whole(bytes, der::SEQUENCE)?.expect(der::SEQUENCE)?.content);
    tbs.optional(0xa0)?; // version
    tbs.expect(0x02)?; // serial number
    tbs.expect(der::SEQUENCE)?; // signature algorithm
    tbs.expect(der::SEQUENCE)?; // issuer
    let mut validity = Elements(tbs.expect(der::SEQUENCE)?.content);
    let (not_before, not_after) = (
        der::time(&validity.element()?)?,
        der::time(&validity.element()?)?,
    );
    let subject = tbs.expect(der::SEQUENCE)?;
    let public_key = key(&tbs.expect(der::SEQUENCE)?)?;
    tbs.optional(0x81)?;
    tbs.optional(0x82)?;
    let mut certificate = Certificate {
        fingerprint: sha256(&[bytes]),
        not_before,
        not_after,
        public_key,
        common_names: common_names(&subject)?,
        uris: Some(Vec::new()),
        role: None,
        assurance: None,
        name_checked: false,
    };
    if let Some(extensions) = tbs.optional(0xa3)? {
        let mut list = whole(extensions.content, der::SEQUENCE)?;
        while !list.0.is_empty() {
            extension(&mut certificate, &list.expect(der::SEQUENCE)?)?;
        }
    }
    Some(certificate)
}

fn key(spki: &Element<'_>) -> Option<B32> {
    let mut parts = Elements(spki.content);
    let mut algorithm = Elements(parts.expect(der::SEQUENCE)?.content);
    if algorithm.expect(der::OID)?.content != ED25519 || !algorithm.0.is_empty() {
        return None;
    }
    let (&unused, key) = parts.expect(der::BIT_STRING)?.content.split_first()?;
    (unused == 0).then_some(())?;
    B32::from_slice(key)
}

fn common_names(subject: &Element<'_>) -> Option<Vec<String>> {
    let mut names = Vec::new();
    let mut rdns = Elements(subject.content);
    while !rdns.0.is_empty() {
        let mut set = Elements(rdns.expect(der::SET)?.content);
        while !set.0.is_empty() {
            let mut pair = Elements(set.expect(der::SEQUENCE)?.content);
            let is_name = pair.expect(der::OID)?.content == COMMON_NAME;
            let value = pair.element()?;
            if is_name && matches!(value.tag, der::UTF8 | der::PRINTABLE) {
                names.push(String::from_utf8(value.content.to_vec()).ok()?);
            }
        }
    }
    Some(names)
}

fn extension(certificate: &mut Certificate, element: &Element<'_>) -> Option<()> {
    let mut parts = Elements(element.content);
    let id = parts.expect(der::OID)?.content;
    parts.optional(der::BOOLEAN)?;
    let value = parts.expect(der::OCTET_STRING)?.content;
    if id == SUBJECT_ALT_NAME {
        certificate.uris = uris(value)?;
    } else if id == oid(1) {
        certificate.role = text(value);
    } else if id == oid(2) {
        certificate.assurance = text(value);
    } else if id == oid(3) {
        certificate.name_checked = value == [der::BOOLEAN, 1, 0xff];
    }
    Some(())
}

fn uris(value: &[u8]) -> Option<Option<Vec<String>>> {
    let mut names = whole(value, der::SEQUENCE)?;
    let mut found = Vec::new();
    while !names.0.is_empty() {
        let name = names.element()?;
        if name.tag != URI {
            return Some(None);
        }
        found.push(String::from_utf8(name.content.to_vec()).ok()?);
    }
    Some(Some(found))
}

fn text(value: &[u8]) -> Option<String> {
    let mut outer = Elements(value);
    let element = outer.expect(der::UTF8)?;
    outer.0.is_empty().then_some(())?;
    String::from_utf8(element.content.to_vec()).ok()
}
