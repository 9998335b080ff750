//! Writing markup: text is escaped at the one place where it enters.

use alloc::string::String;
use core::fmt::{self, Display, Write};

/// A document in the making. Only [`Markup::raw`] takes markup, and it takes what is in the
/// source of this crate.
#[derive(Debug, Default)]
pub(super) struct Markup(String);

impl Markup {
    pub(super) fn finish(self) -> String {
        self.0
    }

    /// Markup of ours.
    pub(super) fn raw(&mut self, markup: &'static str) -> &mut Self {
        self.0.push_str(markup);
        self
    }

    /// The content of a style element: ours, and hex.
    pub(super) fn style(&mut self, style: &str) -> &mut Self {
        self.0.push_str(style);
        self
    }

    /// Text, whoever wrote it.
    pub(super) fn text(&mut self, text: impl Display) -> &mut Self {
        // Writing to a string does not fail.
        let _ = write!(Escape(&mut self.0), "{text}");
        self
    }

    /// An element with text in it.
    pub(super) fn element(&mut self, open: &'static str, text: impl Display, close: &'static str) -> &mut Self {
        self.raw(open).text(text).raw(close)
    }

    /// Hex and other text without spaces, in a form that breaks between groups and is copied whole.
    pub(super) fn code(&mut self, code: &str) -> &mut Self {
        self.raw("<code>");
        let mut in_group = 0usize;
        for c in code.chars() {
            if in_group == 8 {
                self.raw("<wbr>");
                in_group = 0;
            }
            self.text(c);
            in_group = if c.is_alphanumeric() { in_group.saturating_add(1) } else { 0 };
        }
        self.raw("</code>")
    }

    /// A sentence in which what stands between backticks is code.
    pub(super) fn sentence(&mut self, text: &str) -> &mut Self {
        for (index, part) in text.split('`').enumerate() {
            if index % 2 == 0 {
                self.text(part)
            } else {
                self.code(part)
            };
        }
        self
    }

    /// A term and its value in a list of facts.
    pub(super) fn fact(&mut self, name: impl Display, value: &str, is_code: bool) -> &mut Self {
        self.element("<dt>", name, "</dt><dd>");
        if is_code {
            self.code(value)
        } else {
            self.text(value)
        };
        self.raw("</dd>")
    }
}

/// Escapes for text and for attributes in double quotes. Controls and the characters that turn
/// the direction of writing or hide text are spelled out.
struct Escape<'a>(&'a mut String);

impl Write for Escape<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for c in text.chars() {
            match c {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '"' => self.0.push_str("&quot;"),
                '\'' => self.0.push_str("&#39;"),
                '\n' => self.0.push('\n'),
                c if is_unsafe(c) => self.0.extend(c.escape_unicode()),
                c => self.0.push(c),
            }
        }
        Ok(())
    }
}

fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_enters_is_text() {
        let mut m = Markup::default();
        m.element("<p>", "<b a=\"'\">&\u{202e}\0", "</p>");
        assert_eq!(m.finish(), "<p>&lt;b a=&quot;&#39;&quot;&gt;&amp;\\u{202e}\\u{0}</p>");
        let mut m = Markup::default();
        m.code("0x<0123456789abcdef");
        assert_eq!(m.finish(), "<code>0x&lt;01234567<wbr>89abcdef</code>");
        let mut m = Markup::default();
        m.sentence("as `a<b` says, and `c");
        assert_eq!(m.finish(), "as <code>a&lt;b</code> says, and <code>c</code>");
    }
}
