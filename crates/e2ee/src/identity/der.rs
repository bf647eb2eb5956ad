//! Just enough DER to read the fields of a certificate that webpki leaves to its caller. Definite lengths in their shortest
//! form only; every read is bounded by its element.

/// One element.
#[derive(Clone, Copy)]
pub struct Element<'a> {
    /// The tag byte; tags above 30 are refused.
    pub tag: u8,
    /// The content.
    pub content: &'a [u8],
}

/// SEQUENCE.
pub const SEQUENCE: u8 = 0x30;
/// SET.
pub const SET: u8 = 0x31;
/// OBJECT IDENTIFIER.
pub const OID: u8 = 0x06;
/// BIT STRING.
pub const BIT_STRING: u8 = 0x03;
/// OCTET STRING.
pub const OCTET_STRING: u8 = 0x04;
/// BOOLEAN.
pub const BOOLEAN: u8 = 0x01;
/// UTF8String.
pub const UTF8: u8 = 0x0c;
/// PrintableString.
pub const PRINTABLE: u8 = 0x13;
/// UTCTime.
pub const UTC_TIME: u8 = 0x17;
/// GeneralizedTime.
pub const GENERALIZED_TIME: u8 = 0x18;

/// The elements of a content, one after the other.
pub struct Elements<'a>(pub &'a [u8]);

impl<'a> Elements<'a> {
    /// The next element; none at the end or where it is malformed.
    pub fn element(&mut self) -> Option<Element<'a>> {
        let (&tag, rest) = self.0.split_first()?;
        if tag & 0x1f == 0x1f {
            return None;
        }
        let (&first, rest) = rest.split_first()?;
        let (length, rest) = match first {
            0..=0x7f => (usize::from(first), rest),
            0x81..=0x83 => {
                let (size, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
                let length = size
                    .iter()
                    .fold(0usize, |length, byte| (length << 8) | usize::from(*byte));
                let shortest = if size.len() == 1 {
                    length >= 0x80
                } else {
                    length >> (8 * (size.len() - 1)) != 0
                };
                shortest.then_some((length, rest))?
            }
            _ => return None,
        };
        let (content, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some(Element { tag, content })
    }

    /// The next element, if it has this tag.
    pub fn expect(&mut self, tag: u8) -> Option<Element<'a>> {
        self.element().filter(|element| element.tag == tag)
    }

    /// The next element, only if it has this tag; otherwise it stays.
    pub fn optional(&mut self, tag: u8) -> Option<Option<Element<'a>>> {
        if self.0.first() == Some(&tag) {
            self.element().map(Some)
        } else {
            Some(None)
        }
    }
}

/// Unix milliseconds of a UTCTime or GeneralizedTime in the only forms of RFC 5280 §4.1.2.5.
pub fn time(element: &Element<'_>) -> Option<u64> {
    let text = element.content.strip_suffix(b"Z")?;
    if !text.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let number = |part: &[u8]| {
        part.iter()
            .fold(0i64, |value, digit| value * 10 + i64::from(digit - b'0'))
    };
    let (year, rest) = match (element.tag, text.len()) {
        (UTC_TIME, 12) => {
            let year = number(&text[..2]);
            (
                if year >= 50 { 1900 + year } else { 2000 + year },
                &text[2..],
            )
        }
        (GENERALIZED_TIME, 14) => (number(&text[..4]), &text[4..]),
        _ => return None,
    };
    let (month, day) = (number(&rest[..2]), number(&rest[2..4]));
    let (hour, minute, second) = (
        number(&rest[4..6]),
        number(&rest[6..8]),
        number(&rest[8..10]),
    );
    let plausible = (1..=12).contains(&month)
        && (1..=31).contains(&day)
        && hour < 24
        && minute < 60
        && second < 61;
    let seconds = days(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second;
    plausible.then_some(u64::try_from(seconds).ok()? * 1000)
}

/// Days since 1970-01-01 in the proleptic Gregorian calendar, counting years from March.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month <= 2 {
        (year - 1, month + 9)
    } else {
        (year, month - 3)
    };
    let day_of_year = (153 * month + 2) / 5 + day - 1;
    365 * year + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + day_of_year
        - 719_468
}
