//! Any other verifier: a command that reads a case a line and prints a verdict a line. The
//! protocol is described in `standard/vectors/README.md`.

use crate::{
    case::Case,
    verifier::{Verdict, Verifier},
};
use anyhow::{Context, Result, bail};
use serde::Deserialize;
use serde_json::json;
use std::{
    cell::Cell,
    io::{BufRead, BufReader, Write},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

/// Bytes of the longest answer that is read.
const LONGEST: u64 = 65_536;

/// A running command.
pub struct Plugin {
    name: String,
    child: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
    kinds: Option<Vec<String>>,
    asked: Cell<u64>,
}

#[derive(Deserialize)]
struct Hello {
    kinds: Vec<String>,
}

#[derive(Deserialize)]
struct Answer {
    verdict: String,
    #[serde(default)]
    check: String,
}

impl Plugin {
    /// Starts `command` by the shell, and asks it which kinds it judges.
    ///
    /// # Errors
    /// If it does not start or does not answer by the protocol.
    pub fn start(name: &str, command: &str) -> Result<Self> {
        let mut child = Command::new("sh")
            .args(["-c", command])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start {name}: {command}"))?;
        let (Some(to), Some(from)) = (child.stdin.take(), child.stdout.take()) else { bail!("{name}: no pipes") };
        let mut plugin =
            Self { name: name.into(), child, to, from: BufReader::new(from), kinds: None, asked: Cell::new(0) };
        let hello = plugin.ask(&json!({"protocol": 1}))?;
        let hello: Hello = serde_json::from_str(&hello).with_context(|| format!("{name} answered {hello:?}"))?;
        plugin.kinds = Some(hello.kinds);
        Ok(plugin)
    }

    fn ask(&mut self, line: &serde_json::Value) -> Result<String> {
        use std::io::Read;
        writeln!(self.to, "{line}").with_context(|| format!("{} reads no more", self.name))?;
        self.to.flush()?;
        let mut answer = String::new();
        (&mut self.from).take(LONGEST).read_line(&mut answer).with_context(|| self.name.clone())?;
        if !answer.ends_with('\n') {
            bail!("{} ended, or its answer has more than {LONGEST} bytes", self.name);
        }
        Ok(answer)
    }
}

impl Verifier for Plugin {
    fn name(&self) -> &str {
        &self.name
    }

    /// Foreign verifiers owe only the verdict.
    fn names_checks(&self, _: &Case) -> bool {
        false
    }

    fn supports(&self, case: &Case) -> bool {
        self.kinds.as_ref().is_some_and(|kinds| kinds.iter().any(|kind| kind == case.kind.name))
    }

    fn verdict(&mut self, case: &Case) -> Result<Verdict> {
        self.asked.set(self.asked.get() + 1);
        let line = json!({
            "id": self.asked.get(),
            "kind": case.kind.name,
            "name": case.reference(),
            "case": case.input(),
        });
        let answer = self.ask(&line)?;
        let said: Answer =
            serde_json::from_str(&answer).with_context(|| format!("{} answered {answer:?}", self.name))?;
        let accept = match said.verdict.as_str() {
            "accept" => true,
            "reject" => false,
            other => bail!("{}: verdict {other:?} is neither accept nor reject", self.name),
        };
        Ok(Verdict { accept, check: said.check, proves: None })
    }
}

impl Drop for Plugin {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
