//! Strict protobuf for messages whose fields are all length-delimited and numbered below 16.
//!
//! Protobuf has many encodings of one message. Only the deterministic one is accepted: fields in
//! ascending order, each at most once, empty ones left out, varints minimal, no unknown field.

use alloc::{string::String, vec::Vec};

/// Why bytes are not the deterministic encoding of a message. Offsets count from the first byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProtobufError {
    /// A field this message does not have, or one that is not length-delimited.
    #[error("protobuf: unknown field tag {tag:#04x} at byte {at}")]
    UnknownField {
        /// The tag byte.
        tag: u8,
        /// Its offset.
        at: usize,
    },
    /// A field number that is not above the one before: out of order, or twice.
    #[error("protobuf: field {field} at byte {at} is repeated or out of order")]
    Order {
        /// Field number.
        field: u8,
        /// Offset of its tag.
        at: usize,
    },
    /// A length that is not a minimal varint, or above 2³²−1.
    #[error("protobuf: length at byte {at} is not a minimal varint")]
    Length {
        /// Offset of the varint.
        at: usize,
    },
    /// A field that is present and empty; the default is left out.
    #[error("protobuf: field {field} at byte {at} is present but empty")]
    Default {
        /// Field number.
        field: u8,
        /// Offset of its tag.
        at: usize,
    },
    /// The input ends inside a field.
    #[error("protobuf: input ends inside the field at byte {at}")]
    Truncated {
        /// Offset of the field's tag.
        at: usize,
    },
    /// A string field that is not UTF-8.
    #[error("protobuf: field {field} is not UTF-8")]
    Utf8 {
        /// Field number.
        field: u8,
    },
}

/// Reads the fields `1..=N` of a message; those left out are empty.
pub fn read_fields<const N: usize>(input: &[u8]) -> Result<[&[u8]; N], ProtobufError> {
    let mut fields: [&[u8]; N] = [&[]; N];
    let mut rest = input;
    let mut last = 0u8;
    while let Some((&tag, after)) = rest.split_first() {
        let at = input.len() - rest.len();
        let field = tag >> 3;
        if tag & 0x87 != 2 || field == 0 {
            return Err(ProtobufError::UnknownField { tag, at });
        }
        let Some(slot) = fields.get_mut(usize::from(field) - 1) else {
            return Err(ProtobufError::UnknownField { tag, at });
        };
        if field <= last {
            return Err(ProtobufError::Order { field, at });
        }
        last = field;
        let (length, after) = read_length(after, at)?;
        if length == 0 {
            return Err(ProtobufError::Default { field, at });
        }
        let Some((value, after)) = after.split_at_checked(length) else {
            return Err(ProtobufError::Truncated { at });
        };
        *slot = value;
        rest = after;
    }
    Ok(fields)
}

/// A minimal varint below 2³², and what follows it. `at` is the offset of the tag before it.
fn read_length(input: &[u8], at: usize) -> Result<(usize, &[u8]), ProtobufError> {
    let mut value = 0u64;
    for (i, byte) in input.iter().enumerate().take(5) {
        value |= u64::from(byte & 0x7f) << (7 * i);
        if byte & 0x80 == 0 {
            let minimal = i == 0 || *byte != 0;
            return match (minimal, u32::try_from(value), input.get(i + 1..)) {
                (true, Ok(length), Some(rest)) => Ok((length as usize, rest)),
                _ => Err(ProtobufError::Length { at: at + 1 }),
            };
        }
    }
    Err(if input.len() < 5 { ProtobufError::Truncated { at } } else { ProtobufError::Length { at: at + 1 } })
}

/// A field as text.
pub fn text(field: u8, bytes: &[u8]) -> Result<String, ProtobufError> {
    core::str::from_utf8(bytes).map(String::from).map_err(|_| ProtobufError::Utf8 { field })
}

/// Writes the fields 1, 2, … in order; empty ones are left out. At most 15 fields.
pub fn write_fields(fields: &[&[u8]]) -> Vec<u8> {
    let mut out = Vec::with_capacity(fields.iter().map(|f| f.len() + 6).sum());
    for (number, value) in (1u8..=15).zip(fields) {
        if value.is_empty() {
            continue;
        }
        out.push(number << 3 | 2);
        let mut length = value.len();
        while length >= 0x80 {
            out.push((length & 0x7f) as u8 | 0x80);
            length >>= 7;
        }
        out.push(length as u8);
        out.extend_from_slice(value);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn each_check_is_named() {
        use ProtobufError::*;
        for (bytes, error) in [
            (&[0x1a, 1, b'x'][..], UnknownField { tag: 0x1a, at: 0 }),
            (&[0x0a, 1, b'x', 0x08, 1], UnknownField { tag: 0x08, at: 3 }),
            (&[0x02, 1, b'x'], UnknownField { tag: 0x02, at: 0 }),
            (&[0x8a, 0x00, 1, b'x'], UnknownField { tag: 0x8a, at: 0 }),
            (&[0x0a, 1, b'x', 0x0a, 1, b'y'], Order { field: 1, at: 3 }),
            (&[0x12, 1, b'x', 0x0a, 1, b'y'], Order { field: 1, at: 3 }),
            (&[0x0a, 0x81, 0x00, b'x'], Length { at: 1 }),
            (&[0x0a, 0xff, 0xff, 0xff, 0xff, 0x10], Length { at: 1 }),
            (&[0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01], Length { at: 1 }),
            (&[0x0a, 0], Default { field: 1, at: 0 }),
            (&[0x0a], Truncated { at: 0 }),
            (&[0x0a, 0x80], Truncated { at: 0 }),
            (&[0x0a, 2, b'x'], Truncated { at: 0 }),
        ] {
            assert_eq!(read_fields::<2>(bytes), Err(error), "{bytes:02x?}");
        }
    }

    proptest! {
        #[test]
        fn round_trip(a in proptest::collection::vec(any::<u8>(), 0..300), b: Vec<u8>) {
            let bytes = write_fields(&[&a, &b]);
            prop_assert_eq!(read_fields::<2>(&bytes), Ok([a.as_slice(), b.as_slice()]));
        }

        #[test]
        fn accepted_is_canonical(bytes in proptest::collection::vec(prop_oneof![Just(0x0au8), Just(0x12), 0u8..4, Just(0x80)], 0..12)) {
            if let Ok([a, b]) = read_fields::<2>(&bytes) {
                prop_assert_eq!(write_fields(&[a, b]), bytes);
            }
        }
    }
}
