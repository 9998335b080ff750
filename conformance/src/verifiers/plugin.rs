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
    io::{BufRead, BufReader, Read, Write},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::mpsc::{self, Receiver, RecvTimeoutError},
    thread,
    time::Duration,
};

/// Bytes of the longest answer that is read.
const LONGEST: u64 = 65_536;

/// A running command.
pub struct Plugin {
    name: String,
    child: Child,
    to: ChildStdin,
    from: Receiver<std::io::Result<String>>,
    /// Longest time to an answer.
    limit: Duration,
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
    /// Starts `command` by the shell, and asks it which kinds it judges. Each answer must come
    /// within `limit`.
    ///
    /// # Errors
    /// If it does not start or does not answer by the protocol.
    pub fn start(name: &str, command: &str, limit: Duration) -> Result<Self> {
        let mut child = Command::new("sh")
            .args(["-c", command])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start {name}: {command}"))?;
        let (Some(to), Some(from)) = (child.stdin.take(), child.stdout.take()) else { bail!("{name}: no pipes") };
        let from = lines(from);
        let mut plugin = Self { name: name.into(), child, to, from, limit, kinds: None, asked: Cell::new(0) };
        let hello = plugin.ask(&json!({"protocol": 1}))?;
        let hello: Hello = serde_json::from_str(&hello).with_context(|| format!("{name} answered {hello:?}"))?;
        plugin.kinds = Some(hello.kinds);
        Ok(plugin)
    }

    fn ask(&mut self, line: &serde_json::Value) -> Result<String> {
        writeln!(self.to, "{line}").with_context(|| format!("{} reads no more", self.name))?;
        self.to.flush()?;
        let answer = match self.from.recv_timeout(self.limit) {
            Ok(answer) => answer.with_context(|| self.name.clone())?,
            Err(RecvTimeoutError::Timeout) => {
                bail!("{} has not answered in {} s: {line}", self.name, self.limit.as_secs_f64())
            }
            Err(RecvTimeoutError::Disconnected) => String::new(),
        };
        if !answer.ends_with('\n') {
            bail!("{} ended, or its answer has more than {LONGEST} bytes", self.name);
        }
        Ok(answer)
    }
}

/// What a command prints, line by line, read by a thread of its own until there is no more or nobody
/// listens. The last line may be cut.
fn lines(from: ChildStdout) -> Receiver<std::io::Result<String>> {
    let (to, lines) = mpsc::sync_channel(1);
    thread::spawn(move || {
        let mut from = BufReader::new(from);
        loop {
            let mut line = String::new();
            let read = (&mut from).take(LONGEST).read_line(&mut line);
            let is_last = !line.ends_with('\n');
            if to.send(read.map(|_| line)).is_err() || is_last {
                return;
            }
        }
    });
    lines
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
