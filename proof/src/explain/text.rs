//! The tree as text, for a terminal or a letter.

use super::{Explanation, Fact, Item, Status};
use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};

/// What a piece of text is, so that it can be coloured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Something that passed.
    Good,
    /// Something that failed.
    Bad,
    /// A heading.
    Heading,
    /// What is less important.
    Dim,
    /// Anything else.
    Plain,
}

/// Narrowest width that is used, in characters.
const MIN_WIDTH: usize = 40;

struct Text<'a> {
    out: String,
    width: usize,
    paint: &'a dyn Fn(Role, &str) -> String,
}

/// The whole explanation in lines of at most `width` characters, at least 40.
pub fn render_text(explanation: &Explanation, width: usize) -> String {
    render(explanation, width, &|_, text| text.into())
}

/// The same, with what `paint` makes of each piece; it must not change how wide a piece looks.
pub fn render(explanation: &Explanation, width: usize, paint: &dyn Fn(Role, &str) -> String) -> String {
    let mut text = Text { out: String::new(), width: width.max(MIN_WIDTH), paint };
    let role = if explanation.is_true { Role::Good } else { Role::Bad };
    text.paragraph(0, role, &explanation.verdict);
    text.paragraph(0, Role::Plain, &explanation.trust);
    text.out.push('\n');
    let said = if explanation.is_true { "What is proven" } else { "What is claimed" };
    text.list(said, &explanation.claims);
    text.list("What is not proven", &explanation.caveats);
    text.paragraph(0, Role::Heading, "The proof, step by step");
    for item in &explanation.steps {
        text.out.push('\n');
        text.item(item, 0);
    }
    text.out
}

impl Item {
    /// This step and all under it, as [`render`] writes them.
    pub fn render(&self, width: usize, paint: &dyn Fn(Role, &str) -> String) -> String {
        let mut text = Text { out: String::new(), width: width.max(MIN_WIDTH), paint };
        text.item(self, 0);
        text.out
    }
}

impl Text<'_> {
    fn list(&mut self, heading: &str, lines: &[String]) {
        self.paragraph(0, Role::Heading, heading);
        for line in lines {
            self.lines(2, Role::Plain, "- ", line);
        }
        self.out.push('\n');
    }

    fn paragraph(&mut self, indent: usize, role: Role, text: &str) {
        self.lines(indent, role, "", text);
    }

    /// Lines behind an indent, the first with a mark, the others as far in.
    fn lines(&mut self, indent: usize, role: Role, mark: &str, text: &str) {
        let inner = indent.saturating_add(mark.chars().count());
        let room = self.width.saturating_sub(inner).max(MIN_WIDTH / 2);
        for (at, line) in wrap(text, room).iter().enumerate() {
            let lead = if at == 0 { format!("{:indent$}{mark}", "") } else { format!("{:inner$}", "") };
            self.out.push_str(&lead);
            self.out.push_str(&(self.paint)(role, line));
            self.out.push('\n');
        }
    }

    fn item(&mut self, item: &Item, depth: usize) {
        // Deep trees keep room for their text.
        let indent = depth.min(6).saturating_mul(2);
        let (mark, role) = match item.status {
            Status::Passed => ("✓", Role::Good),
            Status::Failed => ("✗", Role::Bad),
            Status::NotReached => ("·", Role::Dim),
        };
        let note = match item.status {
            Status::Passed => "",
            Status::Failed => " — FAILED",
            Status::NotReached => " — not reached",
        };
        self.lines(indent, role, &format!("{mark} "), &format!("{} {}{note}", item.number, item.title));
        let inner = indent.saturating_add(2);
        if !item.words.is_empty() {
            self.paragraph(inner, Role::Plain, &item.words);
        }
        self.facts(inner, &item.facts);
        if !item.checks.is_empty() && (item.status == Status::Failed || item.children.is_empty()) {
            self.lines(inner, Role::Dim, "checks: ", &item.checks.join(", "));
        }
        for child in &item.children {
            self.item(child, depth.saturating_add(1));
        }
    }

    /// One fact a line, values aligned; a name that repeats is written once.
    fn facts(&mut self, indent: usize, facts: &[Fact]) {
        let widest = facts.iter().map(|f| f.name.chars().count()).max().unwrap_or(0).min(26);
        let mut last = "";
        for fact in facts {
            let name = if fact.name == last { "" } else { fact.name.as_str() };
            last = &fact.name;
            let column = widest.max(name.chars().count());
            let inner = indent.saturating_add(column).saturating_add(2);
            let room = self.width.saturating_sub(inner).max(MIN_WIDTH / 2);
            for (at, line) in wrap(&fact.value, room).iter().enumerate() {
                if at == 0 {
                    let padded = format!("{name:column$}");
                    self.out.push_str(&format!("{:indent$}{}  ", "", (self.paint)(Role::Dim, &padded)));
                } else {
                    self.out.push_str(&format!("{:inner$}", ""));
                }
                self.out.push_str(line);
                self.out.push('\n');
            }
        }
    }
}

/// Lines of at most `width` characters, broken at spaces, and inside words only where a word alone is too long.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let (mut line, mut used) = (String::new(), 0usize);
    for word in text.split(' ') {
        let mut length = word.chars().count();
        if used > 0 && used.saturating_add(1).saturating_add(length) > width {
            lines.push(core::mem::take(&mut line));
            used = 0;
        }
        if used > 0 {
            line.push(' ');
            used = used.saturating_add(1);
        }
        let mut rest = word;
        while length > width {
            let at = rest.char_indices().nth(width).map_or(rest.len(), |(at, _)| at);
            let (start, end) = rest.split_at_checked(at).unwrap_or((rest, ""));
            lines.push(start.to_string());
            rest = end;
            length = length.saturating_sub(width);
        }
        line.push_str(rest);
        used = used.saturating_add(length);
    }
    if !line.is_empty() || lines.is_empty() {
        lines.push(line);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_never_too_long_and_nothing_is_lost() {
        let text = "The quick brown fox 0x0123456789abcdef0123456789abcdef jumps  over";
        for width in 1..80 {
            let lines = wrap(text, width);
            assert!(lines.iter().all(|l| l.chars().count() <= width), "{width}: {lines:?}");
            let squeezed = |s: &str| s.chars().filter(|c| *c != ' ').collect::<String>();
            assert_eq!(squeezed(&lines.concat()), squeezed(text));
        }
        assert_eq!(wrap("", 10), [""]);
        assert_eq!(wrap("ab cd", 2), ["ab", "cd"]);
    }
}
