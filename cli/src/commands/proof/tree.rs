//! An explanation as JSON for scripts, and as coloured text for a terminal.

use crate::output::Output;
use lupu_proof::explain::{Explanation, Item, Role, Status, render};
use serde::Serialize;

/// A fact of a step.
#[derive(Serialize)]
struct Fact<'a> {
    name: &'a str,
    value: &'a str,
}

/// A step, as scripts read it.
#[derive(Serialize)]
pub struct Step<'a> {
    number: &'a str,
    title: &'a str,
    /// `passed`, `failed` or `not-reached`.
    status: &'static str,
    words: &'a str,
    checks: &'a [String],
    facts: Vec<Fact<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    children: Vec<Step<'a>>,
}

impl<'a> Step<'a> {
    /// With everything under it.
    pub fn of(item: &'a Item) -> Self {
        Self { children: item.children.iter().map(Self::of).collect(), ..Self::line(item) }
    }

    /// Without what is under it.
    pub fn line(item: &'a Item) -> Self {
        Self {
            number: &item.number,
            title: &item.title,
            status: match item.status {
                Status::Passed => "passed",
                Status::Failed => "failed",
                Status::NotReached => "not-reached",
            },
            words: &item.words,
            checks: &item.checks,
            facts: item.facts.iter().map(|f| Fact { name: &f.name, value: &f.value }).collect(),
            children: Vec::new(),
        }
    }
}

/// A whole explanation, as scripts read it.
#[derive(Serialize)]
pub struct Tree<'a> {
    is_true: bool,
    verdict: &'a str,
    trust: &'a str,
    claims: &'a [String],
    caveats: &'a [String],
    steps: Vec<Step<'a>>,
}

impl<'a> Tree<'a> {
    /// The JSON form.
    pub fn of(explanation: &'a Explanation) -> Self {
        Self {
            is_true: explanation.is_true,
            verdict: &explanation.verdict,
            trust: &explanation.trust,
            claims: &explanation.claims,
            caveats: &explanation.caveats,
            steps: explanation.steps.iter().map(Step::of).collect(),
        }
    }
}

/// Characters a line may have: those of the terminal, but no more than can be read well.
fn width() -> usize {
    usize::from(comfy_table::Table::new().width().unwrap_or(100)).clamp(40, 120)
}

fn paint(out: &Output, role: Role, text: &str) -> String {
    match role {
        Role::Good => out.good(text),
        Role::Bad => out.bad(text),
        Role::Heading => out.bold(text),
        Role::Dim => out.dim(text),
        Role::Plain => text.to_owned(),
    }
}

/// The whole tree as text.
pub fn text(explanation: &Explanation, out: &Output) -> String {
    render(explanation, width(), &|role, text| paint(out, role, text))
}

/// One step and all under it as text.
pub fn item_text(item: &Item, out: &Output) -> String {
    item.render(width(), &|role, text| paint(out, role, text))
}

/// The steps without their facts, two levels deep.
pub fn outline(explanation: &Explanation, out: &Output) -> String {
    let mut text = format!("{}\n", out.good(&explanation.verdict));
    for item in &explanation.steps {
        text.push_str(&format!("{}  {}\n", item.number, item.title));
        for child in item.children.iter().take(50) {
            text.push_str(&format!("  {}  {}\n", child.number, child.title));
        }
        if item.children.len() > 50 {
            text.push_str(&format!("  … and {} more\n", item.children.len() - 50));
        }
    }
    text
}
