//! The time at which a proof must still be fresh, as a person gives it.

use lupu_standard::TimestampSecs;
use std::time::{SystemTime, UNIX_EPOCH};

/// `now`, UNIX seconds, or a UTC date with or without a time: `2026-11-29`, `2026-11-29T17:00:00Z`.
pub fn parse(text: &str) -> Result<TimestampSecs, String> {
    if text == "now" {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        return since.map(|t| TimestampSecs(t.as_secs())).map_err(|_| "this machine's clock is before 1970".into());
    }
    if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
        return text.parse().map(TimestampSecs).map_err(|_| format!("\"{text}\" is more seconds than there can be"));
    }
    date(text).map(TimestampSecs).ok_or_else(|| {
        format!("\"{text}\" is no time; write now, UNIX seconds, 2026-11-29 or 2026-11-29T17:00:00Z (UTC)")
    })
}

fn date(text: &str) -> Option<u64> {
    let (day, time) = match text.split_once('T') {
        Some((day, time)) => (day, time.strip_suffix('Z')?),
        None => (text, "00:00:00"),
    };
    let [year, month, day] = parts(day, '-', [4, 2, 2])?;
    let [h, m, s] = parts(time, ':', [2, 2, 2])?;
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let last = match month {
        2 => 28 + u64::from(leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if year < 1970 || day == 0 || day > last || h > 23 || m > 59 || s > 59 {
        return None;
    }
    // Years that begin in March, so that the day that is sometimes missing comes last.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = 365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 1;
    Some((days - 719_468) * 86_400 + h * 3_600 + m * 60 + s)
}

fn parts(text: &str, by: char, widths: [usize; 3]) -> Option<[u64; 3]> {
    let mut out = [0; 3];
    let mut found = text.split(by);
    for (slot, width) in out.iter_mut().zip(widths) {
        let part = found.next().filter(|p| p.len() == width && p.bytes().all(|b| b.is_ascii_digit()))?;
        *slot = part.parse().ok()?;
    }
    found.next().is_none().then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use lupu_proof::explain::utc;

    #[test]
    fn times_are_read_as_they_are_written() {
        for seconds in [0, 951_827_696, 1_709_164_800, 1_735_689_599, 4_107_542_400] {
            let text = utc(TimestampSecs(seconds)).replace(" UTC", "Z").replace(' ', "T");
            assert_eq!(parse(&text), Ok(TimestampSecs(seconds)), "{text}");
            assert_eq!(parse(&seconds.to_string()), Ok(TimestampSecs(seconds)));
        }
        assert_eq!(parse("2000-03-01"), Ok(TimestampSecs(951_868_800)));
        assert!(parse("now").unwrap().0 > 1_700_000_000);
        for bad in ["", "1969-12-31", "2023-02-29", "2023-13-01", "2023-1-1", "2023-01-01T00:00:00", "soon", "-5"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
