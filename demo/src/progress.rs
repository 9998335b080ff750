//! What a person watches while the story runs. On stderr, so that stdout stays for the result.

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use owo_colors::{OwoColorize, Style};
use std::{
    io::IsTerminal,
    time::{Duration, Instant},
};

/// How progress is shown: moving lines on a terminal, plain lines elsewhere, nothing if quiet.
#[derive(Clone, Debug)]
pub struct Progress {
    quiet: bool,
    color: bool,
    bars: MultiProgress,
}

/// Text in a style, where colour is wanted.
pub fn paint(text: &str, style: Style, color: bool) -> String {
    if color { text.style(style).to_string() } else { text.to_owned() }
}

impl Progress {
    /// Shows nothing at all if `quiet`; in colour if `color`.
    pub fn new(quiet: bool, color: bool) -> Self {
        let terminal = std::io::stderr().is_terminal();
        let target = if quiet || !terminal { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
        Self { quiet, color, bars: MultiProgress::with_draw_target(target) }
    }

    fn line(&self, text: &str) {
        if self.quiet {
            return;
        }
        // A line above those that move; where nothing can move, just a line.
        if self.bars.is_hidden() {
            eprintln!("{text}");
        } else if let Err(error) = self.bars.println(text) {
            eprintln!("{text} ({error})");
        }
    }

    /// A heading.
    pub fn heading(&self, text: &str) {
        self.line(&format!("\n{}", paint(text, Style::new().bold(), self.color)));
    }

    /// Begins a line that moves until it is finished. There can be several at once.
    pub fn begin(&self, title: impl Into<String>) -> Act {
        let title = title.into();
        let bar = self.bars.add(ProgressBar::new_spinner());
        if let Ok(style) = ProgressStyle::with_template("  {spinner:.cyan} {prefix}  {msg:.dim}") {
            bar.set_style(style);
        }
        bar.set_prefix(title.clone());
        bar.enable_steady_tick(Duration::from_millis(100));
        Act { bar, title, started: Instant::now(), progress: self.clone() }
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
        self.end(text);
    }

    fn end(self, text: &str) {
        self.bar.finish_and_clear();
        let color = self.progress.color;
        let time = format!("{:>5.1} s", self.started.elapsed().as_secs_f64());
        let mark = paint("✓", Style::new().green(), color);
        let time = paint(&time, Style::new().dimmed(), color);
        self.progress.line(&format!("  {mark} {:<52}  {time}  {text}", self.title));
    }
}

impl Drop for Act {
    /// Given up on the way: somebody else says why.
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
