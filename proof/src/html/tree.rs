//! The steps as a tree that opens and closes, without a script.

use super::write::Markup;
use crate::explain::{Item, Status};

/// Above so many steps, what passed and lies deep begins closed.
const MANY: usize = 120;

/// The words and the sign of a status.
fn status(status: Status) -> (&'static str, &'static str) {
    match status {
        Status::Passed => ("passed", "✓"),
        Status::Failed => ("failed", "✗"),
        Status::NotReached => ("not reached", "–"),
    }
}

fn count(items: &[Item]) -> usize {
    items.iter().fold(items.len(), |sum, item| sum.saturating_add(count(&item.children)))
}

/// Writes steps and their parts.
pub(super) fn write(m: &mut Markup, steps: &[Item]) {
    let many = count(steps) > MANY;
    for item in steps {
        write_item(m, item, 0, many);
    }
}

fn write_item(m: &mut Markup, item: &Item, depth: usize, many: bool) {
    let closed = many && depth > 0 && item.status == Status::Passed;
    let (words, sign) = status(item.status);
    m.raw(if closed { "<details class=\"" } else { "<details open class=\"" });
    m.raw(match item.status {
        Status::Passed => "step passed\">",
        Status::Failed => "step failed\">",
        Status::NotReached => "step unreached\">",
    });
    m.raw("<summary>").element("<span class=\"sign\" aria-hidden=\"true\">", sign, "</span>");
    m.element("<span class=\"number\">", &item.number, "</span>");
    m.raw("<span class=\"title\">").sentence(&item.title).raw("</span>");
    m.element("<span class=\"status\">", words, "</span></summary><div class=\"inside\">");
    if !item.words.is_empty() {
        m.element("<p>", &item.words, "</p>");
    }
    if !item.facts.is_empty() {
        m.raw("<dl>");
        for fact in &item.facts {
            m.fact(&fact.name, &fact.value, fact.is_code);
        }
        m.raw("</dl>");
    }
    if !item.checks.is_empty() {
        m.raw("<p class=\"checks\">Checks: ");
        for (index, check) in item.checks.iter().enumerate() {
            m.raw(if index == 0 { "" } else { ", " }).element("<code>", check, "</code>");
        }
        m.raw("</p>");
    }
    for child in &item.children {
        write_item(m, child, depth.saturating_add(1), many);
    }
    m.raw("</div></details>");
}
