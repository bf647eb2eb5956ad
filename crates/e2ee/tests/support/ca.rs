//! Certificates of made-up ministries, written byte by byte so that tests can also write wrong ones.

use ed25519_dalek::{Signer, SigningKey};
use entente_e2ee::bytes::B32;

/// One hour, ms.
pub const HOUR: u64 = 3_600_000;

/// An Ed25519 root and the ministry it is meant for.
pub struct Ca {
    pub key: SigningKey,
    pub deployment: String,
    pub tenant: String,
    pub root: Vec<u8>,
}

/// What a leaf certificate says; tests change one thing.
#[derive(Clone)]
pub struct Leaf {
    pub uris: Vec<String>,
    pub dns: Option<String>,
    pub names: Vec<String>,
    pub role: Option<String>,
    pub not_before: u64,
    pub not_after: u64,
}

pub fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    match content.len() {
        n @ 0..=0x7f => out.push(n as u8),
        n @ 0x80..=0xff => out.extend([0x81, n as u8]),
        n => out.extend([0x82, (n >> 8) as u8, n as u8]),
    }
    out.extend(content);
    out
}

fn seq(parts: &[Vec<u8>]) -> Vec<u8> {
    tlv(0x30, &parts.concat())
}

fn name(names: &[String]) -> Vec<u8> {
    let rdn = |name: &String| {
        tlv(
            0x31,
            &seq(&[tlv(6, &[0x55, 4, 3]), tlv(0x0c, name.as_bytes())]),
        )
    };
    tlv(0x30, &names.iter().map(rdn).collect::<Vec<_>>().concat())
}

fn time(ms: u64) -> Vec<u8> {
    let days = (ms / 86_400_000) as i64 + 719_468;
    let era = days.div_euclid(146_097);
    let doe = days.rem_euclid(146_097);
    let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let (day, month) = (
        doy - (153 * mp + 2) / 5 + 1,
        if mp < 10 { mp + 3 } else { mp - 9 },
    );
    let year = yoe + era * 400 + i64::from(month <= 2);
    let s = ms / 1000 % 86_400;
    tlv(
        0x18,
        format!(
            "{year:04}{month:02}{day:02}{:02}{:02}{:02}Z",
            s / 3600,
            s / 60 % 60,
            s % 60
        )
        .as_bytes(),
    )
}

fn algorithm() -> Vec<u8> {
    seq(&[tlv(6, &[0x2b, 0x65, 0x70])])
}

fn oid(dotted: &str) -> Vec<u8> {
    let mut out = vec![2 * 40 + 25];
    for arc in dotted.split('.').skip(2) {
        let mut value: u128 = arc.parse().unwrap();
        let mut digits = vec![(value & 0x7f) as u8];
        while value > 0x7f {
            value >>= 7;
            digits.push((value & 0x7f) as u8 | 0x80);
        }
        digits.reverse();
        out.extend(digits);
    }
    tlv(6, &out)
}

fn certificate(
    issuer: &[String],
    subject: &[String],
    validity: (u64, u64),
    key: &[u8],
    ext: &[Vec<u8>],
    ca: &SigningKey,
) -> Vec<u8> {
    let tbs = seq(&[
        tlv(0xa0, &tlv(2, &[2])),
        tlv(2, &[1]),
        algorithm(),
        name(issuer),
        seq(&[time(validity.0), time(validity.1)]),
        name(subject),
        seq(&[algorithm(), tlv(3, &[&[0], key].concat())]),
        tlv(0xa3, &tlv(0x30, &ext.concat())),
    ]);
    let signature = ca.sign(&tbs).to_bytes();
    seq(&[tbs, algorithm(), tlv(3, &[&[0], &signature[..]].concat())])
}

fn extension(id: Vec<u8>, critical: bool, value: &[u8]) -> Vec<u8> {
    let critical = if critical { tlv(1, &[0xff]) } else { vec![] };
    seq(&[id, critical, tlv(4, value)])
}

impl Ca {
    pub fn new(seed: u8, deployment: &str, tenant: &str, now: u64) -> Self {
        let key = SigningKey::from_bytes(&[seed; 32]);
        let names = [format!("Root of {tenant}")];
        let constraints = extension(tlv(6, &[0x55, 0x1d, 0x13]), true, &seq(&[tlv(1, &[0xff])]));
        let validity = (now - HOUR, now + 10_000 * HOUR);
        let root = certificate(
            &names,
            &names,
            validity,
            key.verifying_key().as_bytes(),
            &[constraints],
            &key,
        );
        Self {
            key,
            deployment: deployment.into(),
            tenant: tenant.into(),
            root,
        }
    }

    pub fn leaf(&self, subject: &str, now: u64) -> Leaf {
        Leaf {
            uris: vec![format!(
                "entente://{}/{}/{subject}",
                self.deployment, self.tenant
            )],
            dns: None,
            names: vec![subject.to_uppercase()],
            role: Some("participant".into()),
            not_before: now - HOUR / 60,
            not_after: now + 12 * HOUR,
        }
    }

    pub fn issue(&self, key: &B32, leaf: &Leaf) -> Vec<u8> {
        let mut names: Vec<Vec<u8>> = leaf
            .uris
            .iter()
            .map(|uri| tlv(0x86, uri.as_bytes()))
            .collect();
        names.extend(leaf.dns.iter().map(|dns| tlv(0x82, dns.as_bytes())));
        let mut ext = vec![extension(
            tlv(6, &[0x55, 0x1d, 0x11]),
            false,
            &tlv(0x30, &names.concat()),
        )];
        if let Some(role) = &leaf.role {
            ext.push(extension(
                oid(entente_e2ee::identity::OID_ROLE),
                false,
                &tlv(0x0c, role.as_bytes()),
            ));
        }
        ext.push(extension(
            oid(entente_e2ee::identity::OID_ASSURANCE),
            false,
            &tlv(0x0c, b"substantial"),
        ));
        ext.push(extension(
            oid(entente_e2ee::identity::OID_NAME_CHECKED),
            false,
            &tlv(1, &[0xff]),
        ));
        let issuer = [format!("Root of {}", self.tenant)];
        certificate(
            &issuer,
            &leaf.names,
            (leaf.not_before, leaf.not_after),
            key.as_ref(),
            &ext,
            &self.key,
        )
    }
}
