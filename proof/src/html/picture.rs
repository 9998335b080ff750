//! The chain from the anchor to a value as a drawing, 360 units wide: it fits a narrow window as
//! it is, and a column of a wide one.

use super::write::Markup;
use crate::explain::{Explanation, Item, Status};
use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};

/// Most updates that are drawn: the first ones, and the last.
const FIRST: usize = 3;
const LAST: usize = 2;

/// Characters of a line, by the widest of the usual fonts.
const TITLE: usize = 31;
const LINE: usize = 38;
const CODE: usize = 34;

/// Draws the way to the statement that failed, or to the first.
pub(super) fn draw(m: &mut Markup, explanation: &Explanation) {
    let stations = stations(explanation);
    let height = stations.iter().fold(8usize, |sum, s| sum.saturating_add(s.height()).saturating_add(GAP));
    m.raw("<svg role=\"img\" viewBox=\"0 0 360 ").text(height).raw("\">");
    m.raw("<title>The chain from the anchor over the updates and the trie to the value</title>");
    let mut y = 8usize;
    let mut rail = None;
    for station in &stations {
        let middle = y.saturating_add(station.middle());
        if let Some(from) = rail {
            m.raw(if station.status == Status::Passed {
                "<path class=\"rail\" d=\"M20 "
            } else {
                "<path class=\"rail off\" d=\"M20 "
            });
            m.text(from).raw("V").text(middle).raw("\"/>");
        }
        rail = Some(middle);
        y = y.saturating_add(station.height()).saturating_add(GAP);
    }
    y = 8;
    for station in &stations {
        station.draw(m, y);
        y = y.saturating_add(station.height()).saturating_add(GAP);
    }
    m.raw("</svg>");
}

const GAP: usize = 12;

/// How a line of text is set.
#[derive(Clone, Copy)]
enum Face {
    Title,
    Plain,
    Code,
}

/// A stop on the way.
struct Station {
    status: Status,
    /// Whether it stands in a box of its own; trie nodes do not.
    boxed: bool,
    lines: Vec<(Face, String)>,
}

impl Station {
    fn new(item: &Item, boxed: bool, title: &str) -> Self {
        let lines = wrap(title, if boxed { TITLE } else { LINE }, 3);
        let face = if boxed { Face::Title } else { Face::Plain };
        Self { status: item.status, boxed, lines: lines.into_iter().map(|line| (face, line)).collect() }
    }

    fn plain(mut self, text: &str) -> Self {
        self.lines.extend(wrap(text, LINE, 8).into_iter().map(|line| (Face::Plain, line)));
        self
    }

    fn code(mut self, code: &str) -> Self {
        let chars: Vec<char> = code.chars().collect();
        self.lines.extend(chars.chunks(CODE).take(3).map(|line| (Face::Code, line.iter().collect())));
        self
    }

    fn fact(self, item: &Item, name: &str) -> Self {
        match item.facts.iter().find(|fact| fact.name == name) {
            Some(fact) if fact.is_code => self.code(&fact.value),
            Some(fact) => self.plain(&fact.value),
            None => self,
        }
    }

    fn padding(&self) -> usize {
        if self.boxed { 10 } else { 0 }
    }

    fn height(&self) -> usize {
        let lines = self.lines.len().saturating_mul(17);
        lines.saturating_add(self.padding().saturating_mul(2))
    }

    /// Where the rail meets it: at its first line.
    fn middle(&self) -> usize {
        self.padding().saturating_add(9)
    }

    fn draw(&self, m: &mut Markup, y: usize) {
        m.raw(match self.status {
            Status::Passed => "<g class=\"passed\">",
            Status::Failed => "<g class=\"failed\">",
            Status::NotReached => "<g class=\"unreached\">",
        });
        if self.boxed {
            m.raw("<rect class=\"box\" x=\"42\" width=\"317\" rx=\"6\" y=\"").text(y).raw("\" height=\"");
            m.text(self.height()).raw("\"/>");
        }
        let middle = y.saturating_add(self.middle());
        m.raw("<circle cx=\"20\" cy=\"").text(middle);
        m.raw(if self.boxed { "\" r=\"11\"/>" } else { "\" r=\"6\"/>" });
        m.raw("<path class=\"sign\" transform=\"translate(20 ").text(middle);
        m.raw(if self.boxed { ") scale(1)\" d=\"" } else { ") scale(.55)\" d=\"" });
        m.raw(match self.status {
            Status::Passed => "M-5 0l3.5 4L5-4",
            Status::Failed => "M-4-4L4 4M4-4L-4 4",
            Status::NotReached => "M-4 0H4",
        });
        m.raw("\"/>");
        let mut baseline = y.saturating_add(self.padding()).saturating_add(13);
        for (face, line) in &self.lines {
            m.raw(match face {
                Face::Title => "<text class=\"t\" x=\"54\" y=\"",
                Face::Plain => "<text x=\"54\" y=\"",
                Face::Code => "<text class=\"c\" x=\"54\" y=\"",
            });
            m.text(baseline).raw("\">").text(line).raw("</text>");
            baseline = baseline.saturating_add(17);
        }
        m.raw("</g>");
    }
}

/// What is drawn: the anchor, the updates, the root, the nodes, and what is said.
fn stations(explanation: &Explanation) -> Vec<Station> {
    let mut out = Vec::new();
    let mut steps = explanation.steps.iter();
    if let Some(anchor) = steps.next() {
        out.push(Station::new(anchor, true, &anchor.title).fact(anchor, "time").fact(anchor, "digest"));
    }
    if let Some(updates) = steps.next() {
        let count = updates.children.len();
        let hidden = count.saturating_sub(FIRST.saturating_add(LAST));
        for (index, update) in updates.children.iter().enumerate() {
            let failed = update.status == Status::Failed;
            if hidden > 1 && index >= FIRST && index < FIRST.saturating_add(hidden) && !failed {
                if index == FIRST {
                    out.push(Station::new(update, false, &format!("{hidden} more updates, all of them below")));
                }
                continue;
            }
            let (block, by) = update.title.split_once(", ").unwrap_or((&update.title, ""));
            let station = Station::new(update, true, block);
            let station = if by.is_empty() { station } else { station.plain(&super::capital(by)) };
            out.push(station.fact(update, "time").fact(update, "block hash"));
        }
    }
    let Some(statements) = steps.next() else { return out };
    let count = statements.children.len();
    let chosen = statements.children.iter().position(|s| s.status == Status::Failed).unwrap_or(0);
    let Some(statement) = statements.children.get(chosen) else { return out };
    if let Some(state) = statement.children.iter().find(|part| part.facts.iter().any(|fact| fact.name == "root")) {
        out.push(Station::new(state, true, "Root of the trie that holds it").fact(state, "root"));
        for node in &state.children {
            let station = Station::new(node, false, &node.title.replace('`', ""));
            let hash = node.facts.iter().find(|fact| fact.name == "hash" && fact.is_code);
            out.push(match hash {
                Some(hash) => station.code(&shortened(&hash.value)),
                None => station,
            });
        }
        out.push(Station::new(state, true, "Stored there").fact(state, "stored there"));
    }
    let said = Station::new(statement, true, "So it is said").plain(&statement.title);
    out.push(match count {
        0 | 1 => said,
        2 => said.plain("and 1 more statement, below"),
        n => said.plain(&format!("and {} more statements, below", n.saturating_sub(1))),
    });
    out
}

/// The ends of a hash.
fn shortened(hash: &str) -> String {
    match (hash.get(..14), hash.len().checked_sub(12).and_then(|at| hash.get(at..))) {
        (Some(start), Some(end)) if hash.len() > 40 => format!("{start}…{end}"),
        _ => hash.to_string(),
    }
}

/// Text in lines of at most `width` characters; at most so many lines, the last one then ends in an ellipsis.
fn wrap(text: &str, width: usize, most: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut line: Vec<char> = Vec::new();
    for word in text.split_whitespace() {
        let word: Vec<char> = word.chars().collect();
        if !line.is_empty() && line.len().saturating_add(word.len()) >= width {
            lines.push(line.drain(..).collect());
        }
        for part in word.chunks(width.max(1)) {
            if line.len().saturating_add(part.len()) >= width && !line.is_empty() {
                lines.push(line.drain(..).collect());
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.extend(part);
        }
    }
    if !line.is_empty() {
        lines.push(line.into_iter().collect());
    }
    if lines.len() > most {
        lines.truncate(most);
        if let Some(last) = lines.last_mut() {
            let kept: String = last.chars().take(width.saturating_sub(1)).collect();
            *last = format!("{kept}…");
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_no_longer_than_asked_and_lose_nothing_unsaid() {
        assert_eq!(wrap("one two three", 8, 9), ["one two", "three"]);
        assert_eq!(wrap("abcdefghij kl", 4, 9), ["abcd", "efgh", "ij", "kl"]);
        assert_eq!(wrap("one two three four", 8, 2), ["one two", "three…"]);
        assert!(wrap("", 8, 2).is_empty());
        assert_eq!(wrap("上海 Lupu 桥", 5, 9), ["上海", "Lupu", "桥"]);
    }
}
