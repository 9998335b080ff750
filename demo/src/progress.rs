//! What a person watches while the story runs. On stderr, so that stdout stays for the result.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use owo_colors::{OwoColorize, Stream::Stderr};
use std::{
    io::IsTerminal,
    time::{Duration, Instant},
};

/// How progress is shown: a moving line on a terminal, plain lines elsewhere, nothing if quiet.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    quiet: bool,
}

impl Progress {
    /// Shows nothing at all if `quiet`.
    pub fn new(quiet: bool) -> Self {
        Self { quiet }
    }

    /// A heading.
    pub fn heading(&self, text: &str) {
        if !self.quiet {
            eprintln!("\n{}", text.if_supports_color(Stderr, |t| t.bold()));
        }
    }

    /// Begins a line that moves until it is finished.
    pub fn begin(&self, title: impl Into<String>) -> Act {
        let title = title.into();
        let terminal = std::io::stderr().is_terminal();
        let target = if self.quiet || !terminal { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
        let bar = ProgressBar::with_draw_target(None, target);
        if let Ok(style) = ProgressStyle::with_template("  {spinner:.cyan} {prefix}  {msg:.dim}") {
            bar.set_style(style);
        }
        bar.set_prefix(title.clone());
        bar.enable_steady_tick(Duration::from_millis(100));
        Act { bar, title, started: Instant::now(), quiet: self.quiet }
    }
}

/// One line of progress.
pub struct Act {
    bar: ProgressBar,
    title: String,
    started: Instant,
    quiet: bool,
}

impl Act {
    /// Where it is now.
    pub fn now(&self, text: impl Into<String>) {
        self.bar.set_message(text.into());
    }

    /// It ended well.
    pub fn done(self, text: &str) {
        self.end(true, text);
    }

    /// It did not.
    pub fn failed(self, text: &str) {
        self.end(false, text);
    }

    fn end(self, good: bool, text: &str) {
        self.bar.finish_and_clear();
        if self.quiet {
            return;
        }
        let time = format!("{:>5.1} s", self.started.elapsed().as_secs_f64());
        let mark = match good {
            true => "✓".if_supports_color(Stderr, |t| t.green()).to_string(),
            false => "✗".if_supports_color(Stderr, |t| t.red()).to_string(),
        };
        eprintln!("  {mark} {}  {}  {text}", self.title, time.if_supports_color(Stderr, |t| t.dimmed()));
    }
}
