//! Amounts as people write them.

use alloy::primitives::U256;

/// `12.5` with 2 decimals is 1250 base units.
///
/// # Errors
/// One line: not a number, too many decimals, too large.
pub fn parse_units(text: &str, decimals: u8) -> Result<U256, String> {
    let plain: String = text.chars().filter(|c| *c != ',' && *c != '_').collect();
    let (whole, fraction) = plain.split_once('.').unwrap_or((&plain, ""));
    let digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    if (whole.is_empty() && fraction.is_empty())
        || !digits(whole)
        || !digits(fraction)
        || (plain.contains('.') && fraction.is_empty())
    {
        return Err(format!("\"{text}\" is not an amount; write for example 1000 or 1000.50"));
    }
    if fraction.len() > usize::from(decimals) {
        return Err(format!("\"{text}\" has {} decimals, the token has {decimals}", fraction.len()));
    }
    let padding = "0".repeat(usize::from(decimals) - fraction.len());
    let joined = format!("{whole}{fraction}{padding}");
    let amount =
        U256::from_str_radix(&joined, 10).map_err(|_| format!("\"{text}\" is larger than any token amount"))?;
    if amount.is_zero() {
        return Err("the amount is zero".into());
    }
    Ok(amount)
}

/// 125000 base units with 2 decimals are `1,250.00`.
pub fn format_units(amount: U256, decimals: u8) -> String {
    let decimals = usize::from(decimals);
    let digits = format!("{:0>width$}", amount.to_string(), width = decimals + 1);
    let (whole, fraction) = digits.split_at(digits.len() - decimals);
    let mut out = String::with_capacity(digits.len() * 4 / 3 + 1);
    for (i, c) in whole.chars().enumerate() {
        if i > 0 && (whole.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    if decimals > 0 {
        out.push('.');
        out.push_str(fraction);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_exactly() {
        for (text, decimals, expected) in
            [("1000", 2, 100_000u64), ("1,000.5", 2, 100_050), (".5", 1, 5), ("7", 0, 7), ("0.000001", 6, 1)]
        {
            assert_eq!(parse_units(text, decimals), Ok(U256::from(expected)), "{text}");
        }
        for text in ["", ".", "1.", "-1", "1e3", "0x10", "1.005", "0", "0.00", "١"] {
            assert!(parse_units(text, 2).is_err(), "{text}");
        }
        assert!(parse_units(&"9".repeat(78), 0).is_err(), "above 2²⁵⁶");
    }

    #[test]
    fn amounts_are_written_in_full() {
        assert_eq!(format_units(U256::from(100_000), 2), "1,000.00");
        assert_eq!(format_units(U256::from(5), 2), "0.05");
        assert_eq!(format_units(U256::from(1_234_567), 0), "1,234,567");
        assert_eq!(format_units(U256::ZERO, 18), "0.000000000000000000");
    }
}
