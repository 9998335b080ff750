//! Durations as people write them.

use std::time::Duration;

/// `500ms`, `10s`, `10m`, `2h`, `1d`; a bare number is seconds.
pub fn parse(text: &str) -> Result<Duration, String> {
    let split = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let number: u64 =
        number.parse().map_err(|_| format!("\"{text}\" is not a duration; write for example 30s, 10m or 2h"))?;
    let ms = match unit {
        "ms" => Some(1),
        "" | "s" => Some(1_000),
        "m" | "min" => Some(60_000),
        "h" => Some(3_600_000),
        "d" => Some(86_400_000),
        _ => None,
    };
    let ms = ms.ok_or_else(|| format!("\"{unit}\" is not a unit of time; use ms, s, m, h or d"))?;
    number.checked_mul(ms).map(Duration::from_millis).ok_or_else(|| format!("\"{text}\" is too long"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        assert_eq!(parse("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(parse("90"), Ok(Duration::from_secs(90)));
        assert_eq!(parse("10m"), Ok(Duration::from_secs(600)));
        assert_eq!(parse("1d"), Ok(Duration::from_secs(86_400)));
        for bad in ["", "m", "1w", "-1s", "1.5h", "99999999999999999d"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
