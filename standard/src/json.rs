//! Packets as JSON, for files and people.
//!
//! ```json
//! {"sequence":1,"source_client":"client-0","destination_client":"client-1","timeout_timestamp":1735689600,
//!  "payloads":[{"source_port":"transfer","destination_port":"transfer","version":"ics20-1",
//!               "encoding":"application/json","value":"0x7b…"}]}
//! ```
//!
//! All fields are required, in any order; unknown and repeated ones are refused. Numbers are
//! whole. `value` is hex with `0x`, digits in either case.

pub(crate) mod reader;

use crate::{ClientId, IdentifierError, Packet, Payload, PortId, Sequence, TimestampSecs};
use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};
use alloy_primitives::Bytes;
use reader::{Reader, literal, write_object};

/// What is wrong with a JSON document.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JsonProblem {
    /// Something else stands there.
    #[error("expected {0}")]
    Expected(&'static str),
    /// The input ends.
    #[error("expected {0}, found the end of the input")]
    EndOfInput(&'static str),
    /// A field the object does not have.
    #[error("unknown field `{0}`")]
    UnknownField(String),
    /// A field that stands there twice.
    #[error("field is there twice")]
    DuplicateField,
    /// A field that is not there. The offset is that of the object's closing brace.
    #[error("field is missing")]
    MissingField,
    /// A string without closing quote.
    #[error("string has no end")]
    OpenString,
    /// A string with a bad escape, a control character or invalid UTF-8.
    #[error("string has a bad escape, a control character or invalid UTF-8")]
    BadString,
    /// Bytes after the document.
    #[error("bytes after the end of the document")]
    TrailingBytes,
    /// A string that is not an identifier, or a sequence of zero.
    #[error(transparent)]
    Identifier(#[from] IdentifierError),
    /// A string that is not `0x` and an even number of hex digits.
    #[error("expected hex bytes: 0x and an even number of hex digits")]
    Hex,
    /// A string that is not padded standard base64.
    #[error("expected base64")]
    Base64,
}

/// A JSON document refused: which field, at which byte, and why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}byte {offset}: {problem}", field_prefix(.field))]
pub struct JsonError {
    /// Path of the field, for example `payloads[0].value`; empty for the document itself.
    pub field: String,
    /// Offset in bytes from the start of the document.
    pub offset: usize,
    /// What is wrong there.
    pub problem: JsonProblem,
}

fn field_prefix(field: &str) -> String {
    if field.is_empty() { String::new() } else { format!("field `{field}`, ") }
}

impl JsonError {
    pub(crate) fn at(offset: usize, problem: JsonProblem) -> Self {
        Self { field: String::new(), offset, problem }
    }

    /// Puts the name of the enclosing field in front.
    pub(crate) fn within(mut self, outer: &str) -> Self {
        self.field = match self.field.as_str() {
            "" => outer.to_string(),
            inner if inner.starts_with('[') => format!("{outer}{inner}"),
            inner => format!("{outer}.{inner}"),
        };
        self
    }
}

/// The value of a required field, or which one is missing.
pub(crate) fn required<T>(value: Option<T>, name: &'static str, end: usize) -> Result<T, JsonError> {
    value.ok_or_else(|| JsonError::at(end, JsonProblem::MissingField).within(name))
}

const PACKET: [&str; 5] = ["sequence", "source_client", "destination_client", "timeout_timestamp", "payloads"];
const PAYLOAD: [&str; 5] = ["source_port", "destination_port", "version", "encoding", "value"];

/// Reads a packet from a JSON document.
///
/// A packet without payloads is refused; several payloads are legal.
pub fn decode_packet(document: &[u8]) -> Result<Packet, JsonError> {
    let mut reader = Reader::new(document);
    let packet = packet(&mut reader)?;
    reader.finish()?;
    Ok(packet)
}

fn packet(reader: &mut Reader<'_>) -> Result<Packet, JsonError> {
    let (mut sequence, mut source, mut destination, mut timeout, mut payloads) = (None, None, None, None, None);
    let (_, end) = reader.object(&PACKET, |r, field| {
        match field {
            0 => {
                let (at, n) = r.number()?;
                sequence = Some(Sequence::new(n).map_err(|e| JsonError::at(at, e.into()))?);
            }
            1 => source = Some(identifier(r, ClientId::new)?),
            2 => destination = Some(identifier(r, ClientId::new)?),
            3 => timeout = Some(TimestampSecs(r.number()?.1)),
            _ => {
                let (at, list) = r.array(payload)?;
                if list.is_empty() {
                    return Err(JsonError::at(at, JsonProblem::Expected("at least one payload")));
                }
                payloads = Some(list);
            }
        }
        Ok(())
    })?;
    Ok(Packet {
        sequence: required(sequence, "sequence", end)?,
        source_client: required(source, "source_client", end)?,
        destination_client: required(destination, "destination_client", end)?,
        timeout_timestamp: required(timeout, "timeout_timestamp", end)?,
        payloads: required(payloads, "payloads", end)?,
    })
}

fn payload(reader: &mut Reader<'_>) -> Result<Payload, JsonError> {
    let (mut source, mut destination, mut version, mut encoding, mut value) = (None, None, None, None, None);
    let (_, end) = reader.object(&PAYLOAD, |r, field| {
        match field {
            0 => source = Some(identifier(r, PortId::new)?),
            1 => destination = Some(identifier(r, PortId::new)?),
            2 => version = Some(r.string()?.1),
            3 => encoding = Some(r.string()?.1),
            _ => value = Some(hex_bytes(r)?),
        }
        Ok(())
    })?;
    Ok(Payload {
        source_port: required(source, "source_port", end)?,
        destination_port: required(destination, "destination_port", end)?,
        version: required(version, "version", end)?,
        encoding: required(encoding, "encoding", end)?,
        value: required(value, "value", end)?,
    })
}

fn identifier<T>(r: &mut Reader<'_>, new: impl Fn(String) -> Result<T, IdentifierError>) -> Result<T, JsonError> {
    let (at, text) = r.string()?;
    new(text).map_err(|e| JsonError::at(at, e.into()))
}

fn hex_bytes(r: &mut Reader<'_>) -> Result<Bytes, JsonError> {
    let (at, text) = r.string()?;
    let digits = text.strip_prefix("0x").ok_or(JsonError::at(at, JsonProblem::Hex))?;
    match hex::decode(digits) {
        Ok(bytes) => Ok(bytes.into()),
        // An escape before the bad digit would shift it; then the string itself is named.
        Err(hex::FromHexError::InvalidHexCharacter { index, .. }) if text.is_ascii() => {
            Err(JsonError::at(at + 3 + index, JsonProblem::Hex))
        }
        Err(_) => Err(JsonError::at(at, JsonProblem::Hex)),
    }
}

/// Writes a packet as one line of JSON, fields in the order of [`decode_packet`]'s example,
/// hex in lower case.
pub fn encode_packet(packet: &Packet) -> String {
    let payloads: Vec<String> = packet.payloads.iter().map(encode_payload).collect();
    write_object([
        ("sequence", packet.sequence.to_string().as_str()),
        ("source_client", &literal(packet.source_client.as_str())),
        ("destination_client", &literal(packet.destination_client.as_str())),
        ("timeout_timestamp", &packet.timeout_timestamp.to_string()),
        ("payloads", &format!("[{}]", payloads.join(","))),
    ])
}

fn encode_payload(p: &Payload) -> String {
    write_object([
        ("source_port", literal(p.source_port.as_str()).as_str()),
        ("destination_port", &literal(p.destination_port.as_str())),
        ("version", &literal(&p.version)),
        ("encoding", &literal(&p.encoding)),
        ("value", &format!("\"0x{}\"", hex::encode(&p.value))),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"{"sequence":1,"source_client":"client-0","destination_client":"client-1","timeout_timestamp":1735689600,"payloads":[{"source_port":"transfer","destination_port":"transfer","version":"ics20-1","encoding":"application/json","value":"0x7b7d"}]}"#;

    #[test]
    fn the_documented_form_round_trips() {
        let packet = decode_packet(GOOD.as_bytes()).unwrap();
        assert_eq!(packet.payloads[0].value.as_ref(), b"{}");
        assert_eq!(encode_packet(&packet), GOOD);
    }

    #[test]
    fn hex_digits_may_be_of_either_case_and_space_is_free() {
        let spaced = GOOD.replace("0x7b7d", "0x7B7D").replace(',', " ,\r\n\t").replace(':', " : ");
        assert_eq!(decode_packet(spaced.as_bytes()), decode_packet(GOOD.as_bytes()));
    }

    #[test]
    fn fields_may_come_in_any_order() {
        let moved = GOOD.replacen("\"sequence\":1,", "", 1).replacen("]}", "],\"sequence\":1}", 1);
        assert_eq!(decode_packet(moved.as_bytes()), decode_packet(GOOD.as_bytes()));
    }

    /// Each change, the field named, the text at whose first byte the error points, the problem.
    #[test]
    fn errors_name_field_and_byte() {
        use JsonProblem::*;
        let zero = IdentifierError::ZeroSequence;
        let cases: &[(&str, &str, &str, usize, JsonProblem)] = &[
            ("\"sequence\":1", "\"sequence\":0", "sequence", 12, Identifier(zero)),
            ("\"sequence\":1", "\"sequence\":-1", "sequence", 12, Expected("a whole number, not negative")),
            ("\"sequence\":1", "\"sequence\":\"1\"", "sequence", 12, Expected("a whole number, not negative")),
            ("\"sequence\":1", "\"sequence\":01", "sequence", 12, Expected("a number without leading zeros")),
            ("\"sequence\":1", "\"sequence\":1.0", "sequence", 13, Expected("a whole number")),
            ("\"sequence\":1", "\"sequence\":1e3", "sequence", 13, Expected("a whole number")),
            ("\"sequence\":1", "\"sequence\":18446744073709551616", "sequence", 12, Expected("a number below 2^64")),
            ("\"sequence\":1", "\"sequence\":1 1", "", 14, Expected("`,` or `}`")),
            ("\"sequence\":1", "\"sequence\" 1", "sequence", 12, Expected("`:`")),
            ("\"sequence\":1", "\"sequence\":1,\"sequence\":1", "sequence", 14, DuplicateField),
            ("\"sequence\":1", "\"sequence\":1,\"\\u0073equence\":1", "sequence", 14, DuplicateField),
            ("\"sequence\":1", "\"memo\":1", "", 1, UnknownField("memo".into())),
            ("\"sequence\":1", "\"seq\\q\":1", "", 6, BadString),
            ("{\"sequence\":1,", "[", "", 0, Expected("an object")),
            ("{\"sequence\":1,", "", "", 0, Expected("an object")),
        ];
        for (from, to, field, offset, problem) in cases {
            let text = GOOD.replacen(from, to, 1);
            let error = decode_packet(text.as_bytes()).unwrap_err();
            assert_eq!((error.field.as_str(), error.offset, &error.problem), (*field, *offset, problem), "{text}");
        }
        let at = |text: &str, found: &str| text.find(found).unwrap();
        for (from, to, field, point) in [
            ("client-0", "c", "source_client", "\"c\""),
            ("client-1", "client 1", "destination_client", "\"client 1\""),
            ("\"value\":\"0x7b7d\"", "\"value\":\"7b7d\"", "payloads[0].value", "\"7b7d\""),
            ("\"value\":\"0x7b7d\"", "\"value\":\"0X7b7d\"", "payloads[0].value", "\"0X7b7d\""),
            ("\"value\":\"0x7b7d\"", "\"value\":\"0x7b7\"", "payloads[0].value", "\"0x7b7\""),
            ("\"value\":\"0x7b7d\"", "\"value\":\"0x7bg7\"", "payloads[0].value", "g7\"}"),
            ("\"value\":\"0x7b7d\"", "\"value\":null", "payloads[0].value", "null"),
            (",\"value\":\"0x7b7d\"", "", "payloads[0].value", "}]}"),
            (",\"payloads\":[{", ",\"payloads\":[[{", "payloads[0]", "[{"),
            ("]}", "],}", "", "}\u{0}"),
            ("]}", ",]}", "payloads[1]", "]}\u{0}"),
            ("]}", "]}x", "", "x\u{0}"),
            ("\"0x7b7d\"}]}", "\"0x7b7d", "payloads[0].value", "\"0x7b7d\u{0}"),
        ] {
            let text = GOOD.replacen(from, to, 1);
            let error = decode_packet(text.as_bytes()).unwrap_err();
            let marked = format!("{text}\u{0}");
            assert_eq!((error.field.as_str(), error.offset), (field, at(&marked, point)), "{text}: {error}");
        }
    }

    #[test]
    fn every_prefix_is_refused() {
        for n in 0..GOOD.len() {
            assert!(decode_packet(&GOOD.as_bytes()[..n]).is_err());
        }
    }

    #[test]
    fn no_payloads_is_refused() {
        let start = GOOD.find('[').unwrap();
        let text = format!("{}[]}}", &GOOD[..start]);
        let error = decode_packet(text.as_bytes()).unwrap_err();
        assert_eq!((error.field.as_str(), error.offset), ("payloads", start));
    }
}
