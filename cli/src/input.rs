//! Reading what a person hands over: files, standard input, hex.

use crate::failure::Failure;
use std::io::Read;
use std::path::Path;

/// Largest input that is read: far above any packet or header.
const MAX_INPUT_BYTES: u64 = 16 * 1024 * 1024;

/// Bytes of a file, or of standard input for `-`.
pub fn read(source: &str) -> Result<Vec<u8>, Failure> {
    let reader: Box<dyn Read> = if source == "-" {
        Box::new(std::io::stdin())
    } else {
        let file = std::fs::File::open(Path::new(source))
            .map_err(|e| Failure::usage(format!("{source}: cannot be read: {e}")))?;
        Box::new(file)
    };
    let mut bytes = Vec::new();
    let read = reader.take(MAX_INPUT_BYTES + 1).read_to_end(&mut bytes);
    read.map_err(|e| Failure::usage(format!("{source}: cannot be read: {e}")))?;
    if bytes.len() as u64 > MAX_INPUT_BYTES {
        return Err(Failure::usage(format!("{source}: is larger than {MAX_INPUT_BYTES} bytes")));
    }
    Ok(bytes)
}

/// Bytes from hex with `0x`. `field` is what an error names; byte offsets count from the start of
/// the text.
pub fn hex(field: &str, text: &str) -> Result<Vec<u8>, Failure> {
    let Some(digits) = text.strip_prefix("0x") else {
        return Err(Failure::usage(format!("{field}: byte 0: expected hex that starts with 0x")));
    };
    if let Some(at) = digits.bytes().position(|b| !b.is_ascii_hexdigit()) {
        return Err(Failure::usage(format!("{field}: byte {}: not a hex digit", at + 2)));
    }
    if digits.len() % 2 == 1 {
        let message = "odd number of hex digits; the last one has no partner";
        return Err(Failure::usage(format!("{field}: byte {}: {message}", text.len() - 1)));
    }
    ::hex::decode(digits).map_err(|e| Failure::usage(format!("{field}: {e}")))
}

/// Bytes from `0x…`, or from a file of hex text or raw bytes, or from standard input for `-`.
pub fn bytes(field: &str, source: &str) -> Result<Vec<u8>, Failure> {
    if source.starts_with("0x") {
        return hex(field, source);
    }
    let raw = read(source)?;
    match std::str::from_utf8(&raw).map(str::trim) {
        Ok(text) if text.starts_with("0x") => hex(field, text),
        _ => Ok(raw),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hex_errors_name_field_and_byte() {
        let line = |text: &str| hex("argument 1", text).unwrap_err().line;
        assert_eq!(line("aa"), "argument 1: byte 0: expected hex that starts with 0x");
        assert_eq!(line("0xag"), "argument 1: byte 3: not a hex digit");
        assert_eq!(line("0xaab"), "argument 1: byte 4: odd number of hex digits; the last one has no partner");
        assert_eq!(hex("x", "0x").unwrap(), Vec::<u8>::new());
        assert_eq!(hex("x", "0xaAbB").unwrap(), [0xaa, 0xbb]);
    }
}
