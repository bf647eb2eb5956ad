//! The canonical encoding under our signatures: big-endian integers, and vectors with the variable-size length of RFC 9420
//! §2.1.2 in its shortest form only. One value has exactly one encoding, so a hash of the bytes is a hash of the value.

use crate::bytes::{B32, Bytes};

/// What remains to be read.
pub struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// Starts at the beginning of the bytes.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// The next `n` bytes.
    pub fn take(&mut self, n: usize) -> Option<&'a [u8]> {
        let (head, tail) = self.0.split_at_checked(n)?;
        self.0 = tail;
        Some(head)
    }

    /// A length in its shortest form (RFC 9420 §2.1.2).
    pub fn length(&mut self) -> Option<usize> {
        let first = *self.0.first()?;
        let size = 1usize << (first >> 6);
        if size > 4 {
            return None;
        }
        let value = self
            .take(size)?
            .iter()
            .fold(0usize, |value, byte| (value << 8) | usize::from(*byte));
        let value = value & ((1usize << (8 * size - 2)) - 1);
        let shortest = match size {
            1 => true,
            2 => value >= 1 << 6,
            _ => value >= 1 << 14,
        };
        shortest.then_some(value)
    }

    /// Whether nothing remains.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Appends a length in its shortest form; lengths stay below 2^30.
pub fn put_length(out: &mut Vec<u8>, length: usize) {
    debug_assert!(length < 1 << 30);
    if length < 1 << 6 {
        out.push(length as u8);
    } else if length < 1 << 14 {
        out.extend(((length as u16) | 0x4000).to_be_bytes());
    } else {
        out.extend(((length as u32) | 0x8000_0000).to_be_bytes());
    }
}

/// A value with one canonical encoding.
pub trait Wire: Sized {
    /// Appends the encoding.
    fn put(&self, out: &mut Vec<u8>);
    /// Reads the encoding; none where it is not canonical.
    fn get(reader: &mut Reader<'_>) -> Option<Self>;

    /// The whole encoding.
    fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.put(&mut out);
        out
    }

    /// The value of a whole encoding, nothing behind it.
    fn decode(bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(bytes);
        let value = Self::get(&mut reader)?;
        reader.is_empty().then_some(value)
    }
}

macro_rules! integers {
    ($($t:ty)*) => {$(
        impl Wire for $t {
            fn put(&self, out: &mut Vec<u8>) {
                out.extend(self.to_be_bytes());
            }
            fn get(reader: &mut Reader<'_>) -> Option<Self> {
                Some(<$t>::from_be_bytes(reader.take(size_of::<$t>())?.try_into().ok()?))
            }
        }
    )*};
}
integers!(u8 u16 u32 u64);

impl Wire for bool {
    fn put(&self, out: &mut Vec<u8>) {
        out.push(u8::from(*self));
    }
    fn get(reader: &mut Reader<'_>) -> Option<Self> {
        match u8::get(reader)? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }
}

impl Wire for B32 {
    fn put(&self, out: &mut Vec<u8>) {
        out.extend(self.0);
    }
    fn get(reader: &mut Reader<'_>) -> Option<Self> {
        B32::from_slice(reader.take(32)?)
    }
}

impl Wire for Bytes {
    fn put(&self, out: &mut Vec<u8>) {
        put_length(out, self.0.len());
        out.extend(&self.0);
    }
    fn get(reader: &mut Reader<'_>) -> Option<Self> {
        let length = reader.length()?;
        Some(Self(reader.take(length)?.to_vec()))
    }
}

impl Wire for String {
    fn put(&self, out: &mut Vec<u8>) {
        put_length(out, self.len());
        out.extend(self.as_bytes());
    }
    fn get(reader: &mut Reader<'_>) -> Option<Self> {
        let length = reader.length()?;
        String::from_utf8(reader.take(length)?.to_vec()).ok()
    }
}

impl<T: Wire> Wire for Vec<T> {
    fn put(&self, out: &mut Vec<u8>) {
        let mut body = Vec::new();
        self.iter().for_each(|item| item.put(&mut body));
        put_length(out, body.len());
        out.extend(body);
    }
    fn get(reader: &mut Reader<'_>) -> Option<Self> {
        let length = reader.length()?;
        let mut inner = Reader::new(reader.take(length)?);
        let mut items = Vec::new();
        while !inner.is_empty() {
            items.push(T::get(&mut inner)?);
        }
        Some(items)
    }
}

impl<T: Wire> Wire for Option<T> {
    fn put(&self, out: &mut Vec<u8>) {
        self.is_some().put(out);
        if let Some(value) = self {
            value.put(out);
        }
    }
    fn get(reader: &mut Reader<'_>) -> Option<Self> {
        if bool::get(reader)? {
            Some(Some(T::get(reader)?))
        } else {
            Some(None)
        }
    }
}

/// Declares structs whose fields, in order, are their encoding, and whose names are those of msgpack.
#[macro_export]
macro_rules! wire_struct {
    ($($(#[$meta:meta])* pub struct $name:ident { $($(#[$fmeta:meta])* pub $field:ident: $t:ty,)* })*) => {$(
        $(#[$meta])*
        #[derive(Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct $name { $($(#[$fmeta])* pub $field: $t,)* }

        impl $crate::wire::Wire for $name {
            fn put(&self, out: &mut Vec<u8>) {
                $(self.$field.put(out);)*
            }
            fn get(reader: &mut $crate::wire::Reader<'_>) -> Option<Self> {
                Some(Self { $($field: <$t as $crate::wire::Wire>::get(reader)?,)* })
            }
        }
    )*};
}
