//! What a person watches while the story runs. On stderr, so that stdout stays for the result.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use owo_colors::{OwoColorize, Style};
use std::{
    io::IsTerminal,
    time::{Duration, Instant},
};

/// How progress is shown: a moving line on a terminal, plain lines elsewhere, nothing if quiet.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    quiet: bool,
    color: bool,
}

/// Text in a style, where colour is wanted.
pub fn paint(text: &str, style: Style, color: bool) -> String {
    if color { text.style(style).to_string() } else { text.to_owned() }
}

impl Progress {
    /// Shows nothing at all if `quiet`; in colour if `color`.
    pub fn new(quiet: bool, color: bool) -> Self {
        Self { quiet, color }
    }

    /// A heading.
    pub fn heading(&self, text: &str) {
        if !self.quiet {
            eprintln!("\n{}", paint(text, Style::new().bold(), self.color));
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
        Act { bar, title, started: Instant::now(), progress: *self }
    }
}

/// One line of progress.
pub struct Act {
    bar: ProgressBar,
    title: String,
    started: Instant,
    progress: Progress,
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
        let Progress { quiet, color } = self.progress;
        if quiet {
            return;
        }
        let time = format!("{:>5.1} s", self.started.elapsed().as_secs_f64());
        let mark = match good {
            true => paint("✓", Style::new().green(), color),
            false => paint("✗", Style::new().red(), color),
        };
        eprintln!("  {mark} {:<48}  {}  {text}", self.title, paint(&time, Style::new().dimmed(), color));
    }
}
