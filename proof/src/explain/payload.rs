//! What a payload and an acknowledgement say, by profile.

use super::{
    Item, plain,
    tree::{SHOWN, hex},
};
use alloc::{format, string::ToString};
use lupu_standard::{
    Payload,
    ics20::SUCCESS_ACKNOWLEDGEMENT,
    ics27::GmpAcknowledgement,
    payload::{AppData, Encoding, decode},
};

/// A payload, decoded where its version and encoding are known.
pub(super) fn payload(index: usize, payload: &Payload) -> Item {
    let shown = |text: &str| plain(text, SHOWN);
    let frame = |profile: &str, words: &str| {
        Item::new(format!("Payload {index}: {profile}"), words)
            .fact("from port", &payload.source_port)
            .fact("to port", &payload.destination_port)
            .fact("version", shown(&payload.version))
            .fact("encoding", shown(&payload.encoding))
    };
    let item = match decode(payload) {
        Ok(AppData::Ics20(data)) => frame("token transfer", "A fungible token transfer after ICS-20.")
            .fact("amount", data.amount)
            .fact("denomination", shown(&data.denom))
            .fact("sender", shown(&data.sender))
            .fact("receiver", shown(&data.receiver))
            .fact("memo", if data.memo.is_empty() { "none".into() } else { shown(&data.memo) }),
        Ok(AppData::Gmp(data)) => frame("general message", "A call of a contract or a runtime after ICS-27 GMP.")
            .fact("sender", shown(&data.sender))
            .fact("receiver", if data.receiver.is_empty() { "none".into() } else { shown(&data.receiver) })
            .code("salt", hex(&data.salt))
            .code("call", hex(&data.payload))
            .fact("memo", if data.memo.is_empty() { "none".into() } else { shown(&data.memo) }),
        Ok(AppData::Unknown) => frame(
            "unknown",
            "A version or an encoding that this program does not read; the bytes are proven all the same.",
        ),
        Err(error) => {
            frame("unreadable", "It says that it is of a known kind, and is not; the bytes are proven all the same.")
                .fact("not readable", shown(&error.to_string()))
        }
    };
    item.code("bytes", hex(&payload.value))
}

/// An acknowledgement, in words where it is a known one.
pub(super) fn acknowledgement(index: usize, bytes: &[u8], payload: Option<&Payload>) -> Item {
    let words = "What the receiving application answered.";
    let item = Item::new(format!("Acknowledgement {index}"), words);
    let encoding = payload.and_then(|p| Encoding::from_media_type(&p.encoding));
    let is_message = payload.is_some_and(|p| p.version == lupu_standard::ics27::VERSION);
    let item = if bytes == SUCCESS_ACKNOWLEDGEMENT {
        item.fact("says", "taken")
    } else if bytes == lupu_standard::ack::UNIVERSAL_ERROR.as_slice() {
        item.fact("says", "refused: nothing of the packet took effect")
    } else if let (true, Some(encoding)) = (is_message, encoding)
        && let Ok(answer) = GmpAcknowledgement::decode(encoding, bytes)
    {
        item.fact("says", "executed").code("returned", hex(&answer.result))
    } else {
        item.fact("says", "the application's own words")
    };
    item.code("bytes", hex(bytes))
}
