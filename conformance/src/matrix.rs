//! The matrix that a run prints.

use crate::{
    case::Case,
    run::{Outcome, Outcomes},
};
use comfy_table::{CellAlignment, Table, presets};
use serde_json::{Value, json};

/// Cases that stand in one row: indices into the run's.
#[derive(Clone, Debug)]
pub struct Row {
    /// What they have in common.
    pub name: String,
    /// Which they are.
    pub cases: Vec<usize>,
}

/// Rows under a heading.
#[derive(Clone, Debug)]
pub struct Section {
    /// The heading.
    pub name: &'static str,
    /// Its rows.
    pub rows: Vec<Row>,
}

/// What a verifier came to on the cases of a row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cell {
    /// Cases rightly accepted.
    pub accepted: usize,
    /// Cases rightly refused.
    pub refused: usize,
    /// Cases with the wrong verdict.
    pub wrong: usize,
}

impl Cell {
    fn of(outcomes: &Outcomes, row: &Row, column: usize) -> Self {
        let mut cell = Self::default();
        for case in &row.cases {
            match &outcomes.rows[*case][column] {
                Outcome::Unsupported => {}
                Outcome::Right { accepted: true } => cell.accepted += 1,
                Outcome::Right { accepted: false } => cell.refused += 1,
                Outcome::Wrong(_) => cell.wrong += 1,
            }
        }
        cell
    }

    fn text(self) -> String {
        match self {
            Self { accepted: 0, refused: 0, wrong: 0 } => "–".into(),
            Self { accepted, refused, wrong: 0 } => format!("{accepted} + {refused}"),
            Self { accepted, refused, wrong } => format!("{accepted} + {refused}, {wrong} WRONG"),
        }
    }
}

/// A wrong verdict.
#[derive(Clone, Debug)]
pub struct Divergence {
    /// The verifier.
    pub verifier: String,
    /// Which of the run's cases.
    pub case: usize,
    /// What it said and must say.
    pub why: String,
}

/// All wrong verdicts.
pub fn divergences(outcomes: &Outcomes) -> Vec<Divergence> {
    let mut out = Vec::new();
    for (case, row) in outcomes.rows.iter().enumerate() {
        for (verifier, outcome) in outcomes.columns.iter().zip(row) {
            if let Outcome::Wrong(why) = outcome {
                out.push(Divergence { verifier: verifier.clone(), case, why: why.clone() });
            }
        }
    }
    out
}

/// The matrix as text: rightly accepted + rightly refused.
pub fn text(sections: &[Section], outcomes: &Outcomes) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    for section in sections.iter().filter(|section| !section.rows.is_empty()) {
        if table.row_count() > 0 {
            table.add_row([""]);
        }
        table.add_row([section.name.to_uppercase(), "cases".into()].into_iter().chain(outcomes.columns.clone()));
        for row in &section.rows {
            let cells = (0..outcomes.columns.len()).map(|column| Cell::of(outcomes, row, column).text());
            table.add_row([row.name.clone(), row.cases.len().to_string()].into_iter().chain(cells));
        }
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table.trim_fmt()
}

/// The same for scripts.
pub fn json(sections: &[Section], outcomes: &Outcomes, cases: &[Case]) -> Value {
    let row = |row: &Row| {
        let cells: Vec<Value> = (0..outcomes.columns.len())
            .map(|column| Cell::of(outcomes, row, column))
            .map(|cell| json!({"accepted": cell.accepted, "refused": cell.refused, "wrong": cell.wrong}))
            .collect();
        json!({"name": row.name, "cases": row.cases.len(), "cells": cells})
    };
    let section = |s: &Section| json!({"name": s.name, "rows": s.rows.iter().map(row).collect::<Vec<_>>()});
    let wrong = |d: Divergence| json!({"verifier": d.verifier, "case": cases[d.case].reference(), "why": d.why});
    json!({
        "verifiers": outcomes.columns,
        "cases": cases.len(),
        "sections": sections.iter().map(section).collect::<Vec<_>>(),
        "divergences": divergences(outcomes).into_iter().map(wrong).collect::<Vec<_>>(),
    })
}
