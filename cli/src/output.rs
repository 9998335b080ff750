//! What the commands print: one JSON document, or text for a person.

use crate::failure::Failure;
use comfy_table::{ContentArrangement, Table, presets};
use owo_colors::{OwoColorize, Style};
use serde::Serialize;
use std::io::{IsTerminal, Write};

/// When to use colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum ColorChoice {
    /// On a terminal, unless NO_COLOR is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// Where and how a command prints.
#[derive(Clone, Copy, Debug)]
pub struct Output {
    /// Print JSON for scripts.
    pub json: bool,
    /// Show causes of errors.
    pub verbose: bool,
    color: bool,
    color_err: bool,
    interactive: bool,
}

impl Output {
    /// From the global options.
    pub fn new(json: bool, verbose: bool, color: ColorChoice) -> Self {
        let allowed = |terminal: bool| match color {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => {
                terminal
                    && std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty())
                    && std::env::var("TERM").as_deref() != Ok("dumb")
            }
        };
        let (out, err) = (std::io::stdout().is_terminal(), std::io::stderr().is_terminal());
        Self { json, verbose, color: allowed(out), color_err: allowed(err), interactive: err && !json }
    }

    /// Whether a person watches: progress may move, questions may be asked.
    pub fn interactive(&self) -> bool {
        self.interactive
    }

    /// Whether standard output may be coloured.
    pub fn color(&self) -> bool {
        self.color
    }

    /// Prints the value as JSON, or what `text` makes of it.
    pub fn print<T: Serialize>(&self, value: &T, text: impl FnOnce(&Self) -> String) -> Result<(), Failure> {
        if self.json {
            let document =
                serde_json::to_string(value).map_err(|e| Failure::failed(format!("cannot write JSON: {e}")))?;
            self.line(&document)
        } else {
            self.line(&text(self))
        }
    }

    /// Prints a line to standard output. A closed pipe is not an error.
    pub fn line(&self, text: &str) -> Result<(), Failure> {
        match writeln!(std::io::stdout().lock(), "{}", text.trim_end_matches('\n')) {
            Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error.into()),
            _ => Ok(()),
        }
    }

    /// Tells a person something on standard error; silent with `--json`.
    pub fn note(&self, text: &str) {
        if !self.json {
            let _ = writeln!(std::io::stderr().lock(), "{text}");
        }
    }

    /// Warns on standard error, always.
    pub fn warn(&self, text: &str) {
        let mark = self.paint_err("warning:", Style::new().yellow().bold());
        let _ = writeln!(std::io::stderr().lock(), "{mark} {text}");
    }

    /// Reports a failure on standard error: one line, and its causes with `-v`.
    pub fn fail(&self, failure: &Failure) {
        let mark = self.paint_err("error:", Style::new().red().bold());
        let mut err = std::io::stderr().lock();
        for line in failure.line.lines() {
            let _ = writeln!(err, "{mark} {line}");
        }
        if self.verbose {
            for cause in &failure.causes {
                let _ = writeln!(err, "  because: {cause}");
            }
        }
    }

    fn paint_err(&self, text: &str, style: Style) -> String {
        if self.color_err { text.style(style).to_string() } else { text.to_owned() }
    }

    /// Text in a style, if colour is on.
    pub fn paint(&self, text: &str, style: Style) -> String {
        if self.color { text.style(style).to_string() } else { text.to_owned() }
    }

    /// A heading.
    pub fn bold(&self, text: &str) -> String {
        self.paint(text, Style::new().bold())
    }

    /// Something good.
    pub fn good(&self, text: &str) -> String {
        self.paint(text, Style::new().green())
    }

    /// Something bad.
    pub fn bad(&self, text: &str) -> String {
        self.paint(text, Style::new().red())
    }

    /// Something less important.
    pub fn dim(&self, text: &str) -> String {
        self.paint(text, Style::new().dimmed())
    }

    /// Names and values, one pair a line, values aligned.
    pub fn pairs(&self, pairs: &[(&str, String)]) -> String {
        let width = pairs.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
        let mut out = String::new();
        for (name, value) in pairs {
            let mut lines = value.lines();
            let first = lines.next().unwrap_or_default();
            let name = self.dim(&format!("{name:width$}"));
            out.push_str(&format!("{name}  {first}\n"));
            for line in lines {
                out.push_str(&format!("{:width$}  {line}\n", ""));
            }
        }
        out
    }

    /// A table with a header row.
    pub fn table(&self, header: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
        let mut table = Table::new();
        table.load_style(presets::UTF8_FULL_CONDENSED).set_content_arrangement(ContentArrangement::Dynamic);
        if !std::io::stdout().is_terminal() {
            table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
        }
        table.set_header(header.to_vec());
        for row in rows {
            table.add_row(row);
        }
        table.to_string()
    }
}

/// `1234567` as `1,234,567`.
pub fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() * 4 / 3);
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    out
}

/// Seconds as `3 d 4 h`, `4 m 5 s`, `12 s`: the two largest units.
pub fn duration(seconds: u64) -> String {
    let parts = [(86_400, "d"), (3_600, "h"), (60, "m"), (1, "s")];
    let mut left = seconds;
    let mut out: Vec<String> = Vec::new();
    for (unit, name) in parts {
        if left >= unit && out.len() < 2 {
            out.push(format!("{} {name}", left / unit));
            left %= unit;
        } else if !out.is_empty() {
            break;
        }
    }
    if out.is_empty() { "0 s".into() } else { out.join(" ") }
}

/// UNIX seconds as a UTC date and time.
pub fn time(seconds: u64) -> String {
    // Days to a civil date, after Howard Hinnant's chrono-compatible algorithm.
    let days = (seconds / 86_400).min(1 << 30) as i64 + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_index = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_index + 2) / 5 + 1;
    let month = if month_index < 10 { month_index + 3 } else { month_index - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    let (h, m, s) = (seconds / 3_600 % 24, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02} {h:02}:{m:02}:{s:02} UTC")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_read_well() {
        assert_eq!(time(0), "1970-01-01 00:00:00 UTC");
        assert_eq!(time(951_827_696), "2000-02-29 12:34:56 UTC");
        assert_eq!(time(1_735_689_600), "2025-01-01 00:00:00 UTC");
        assert_eq!(duration(0), "0 s");
        assert_eq!(duration(59), "59 s");
        assert_eq!(duration(604_800), "7 d");
        assert_eq!(duration(90_061), "1 d 1 h");
        assert_eq!(duration(86_461), "1 d");
        assert_eq!(grouped(1_234_567), "1,234,567");
    }
}
