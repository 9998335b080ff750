//! Times, texts of others and statements, as a person reads them.

use crate::{
    anchor::Anchor,
    statement::{Direction, Kind, Statement},
};
use alloc::{
    format,
    string::{String, ToString},
};
use lupu_standard::{TimestampSecs, ack::Verdict};

/// UNIX seconds as a UTC date and time: `2025-01-01 00:00:00 UTC`.
pub fn utc(time: TimestampSecs) -> String {
    let seconds = time.0;
    // Days to a civil date in eras of 400 years, each beginning on 1 March.
    let days = (seconds / 86_400).saturating_add(719_468);
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let leaps = (day_of_era / 1_460).saturating_add(day_of_era / 146_096);
    let year_of_era = day_of_era.saturating_add(day_of_era / 36_524).saturating_sub(leaps) / 365;
    let before = (365 * year_of_era).saturating_add(year_of_era / 4).saturating_sub(year_of_era / 100);
    let day_of_year = day_of_era.saturating_sub(before);
    let month_index = (5 * day_of_year + 2) / 153;
    let day = day_of_year.saturating_sub((153 * month_index + 2) / 5).saturating_add(1);
    let month = if month_index < 10 { month_index + 3 } else { month_index.saturating_sub(9) };
    let year = era.saturating_mul(400).saturating_add(year_of_era).saturating_add(u64::from(month <= 2));
    let (h, m, s) = (seconds / 3_600 % 24, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02} {h:02}:{m:02}:{s:02} UTC")
}

/// Seconds in the two largest units that they fill: `3 d 4 h`, `12 s`.
pub fn duration(seconds: u64) -> String {
    let mut left = seconds;
    let mut out = String::new();
    let mut units = 0;
    for (unit, name) in [(86_400, "d"), (3_600, "h"), (60, "m"), (1, "s")] {
        let (count, rest) = (left / unit, left % unit);
        if count > 0 && units < 2 {
            out.push_str(&format!("{}{count} {name}", if units == 0 { "" } else { " " }));
            left = rest;
            units += 1;
        } else if units > 0 {
            break;
        }
    }
    if out.is_empty() { "0 s".into() } else { out }
}

/// Text that others chose, so that it can do nothing to the screen it is shown on: control
/// characters and those that turn the direction of writing are spelled out, and at most `most`
/// characters are shown.
pub fn plain(text: &str, most: usize) -> String {
    let mut out = String::new();
    for (count, c) in text.chars().enumerate() {
        if count >= most {
            out.push_str(&format!("… ({} bytes in all)", text.len()));
            break;
        }
        if is_unsafe(c) { out.extend(c.escape_unicode()) } else { out.push(c) }
    }
    out
}

/// Controls, and the invisible characters of Unicode that order, join or hide text.
fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// What a statement says, in a sentence; not whether it is true.
pub fn claim(anchor: &Anchor, statement: &Statement) -> String {
    let name = plain(&anchor.name, 64);
    let packet = &statement.packet;
    let which = format!("packet {} from {} to {}", packet.sequence, packet.source_client, packet.destination_client);
    let at = format!("as of block {}", statement.height);
    let transfer = statement.transfer().ok();
    let tokens = transfer.as_ref().map(|t| format!("{} of {}", t.data.amount, plain(&t.data.denom, 128)));
    let there = transfer.as_ref().map(|t| format!("{} of {}", t.data.amount, plain(&t.there.to_string(), 128)));
    let receiver = transfer.as_ref().map_or(String::new(), |t| plain(&t.data.receiver, 128));
    let something = || "tokens".to_string();
    match statement.kind {
        Kind::Sent => {
            let what = match transfer.as_ref().map(|t| t.direction) {
                Some(Direction::Out) => format!(", a transfer of {} to {receiver}", tokens.unwrap_or_else(something)),
                Some(Direction::Home) => {
                    format!(", a transfer home of {} to {receiver}", tokens.unwrap_or_else(something))
                }
                None => String::new(),
            };
            format!("{name} sent {which}{what}, {at}.")
        }
        Kind::Locked => format!("{name} locked {} in escrow for {which}, {at}.", tokens.unwrap_or_else(something)),
        Kind::Received => format!("{name} received {which}, {at}."),
        Kind::Acknowledged => {
            let answer = match statement.acknowledgement.check(packet.payloads.len()) {
                Ok(Verdict::Failure) => "refused it: nothing of it took effect",
                Ok(_) => "took it",
                Err(_) => "answered with what is no acknowledgement",
            };
            format!("{name} received {which} and {answer}, {at}.")
        }
        Kind::Minted => {
            format!("{name} minted {} to {receiver} for {which}, {at}.", there.unwrap_or_else(something))
        }
        Kind::Released => {
            format!("{name} released {} to {receiver} for {which}, {at}.", there.unwrap_or_else(something))
        }
        Kind::NeverReceived => format!(
            "{name} had not received {which} by block {}, when a timeout of {} had passed; with that timeout it never can.",
            statement.height,
            utc(packet.timeout_timestamp)
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_read_well() {
        let utc = |t| utc(TimestampSecs(t));
        assert_eq!(utc(0), "1970-01-01 00:00:00 UTC");
        assert_eq!(utc(951_827_696), "2000-02-29 12:34:56 UTC");
        assert_eq!(utc(1_709_164_800), "2024-02-29 00:00:00 UTC");
        assert_eq!(utc(1_735_689_599), "2024-12-31 23:59:59 UTC");
        assert_eq!(utc(4_107_542_400), "2100-03-01 00:00:00 UTC");
        assert!(!utc(u64::MAX).is_empty());
        assert_eq!(duration(0), "0 s");
        assert_eq!(duration(604_800), "7 d");
        assert_eq!(duration(90_061), "1 d 1 h");
        assert_eq!(duration(86_461), "1 d");
    }

    #[test]
    fn text_of_others_is_harmless() {
        assert_eq!(plain("a\u{1b}[2J\u{202e}b\n", 99), "a\\u{1b}[2J\\u{202e}b\\u{a}");
        assert_eq!(plain("Zürich 上海", 99), "Zürich 上海");
        assert_eq!(plain("abcd", 3), "abc… (4 bytes in all)");
    }
}
