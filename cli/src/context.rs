//! What every command has at hand: where the configuration is, how to print, how to ask.

use crate::failure::Failure;
use crate::output::Output;
use lupu_relayer::config::Config;
use lupu_relayer::keys::{KeyError, Password};
use std::io::{BufRead, IsTerminal};
use std::path::PathBuf;

/// The global options, understood.
#[derive(Clone, Debug)]
pub struct Context {
    /// The configuration file; it need not exist.
    pub config_path: PathBuf,
    /// File with the keystore's password.
    pub password_file: Option<PathBuf>,
    /// How to print.
    pub out: Output,
}

impl Context {
    /// The configuration, read and checked.
    pub fn config(&self) -> Result<Config, Failure> {
        Ok(Config::load(&self.config_path)?)
    }

    /// The keystore's password: from the file, the environment, or asked for.
    pub fn password(&self) -> Result<Password, KeyError> {
        match self.given_password()? {
            Some(password) => Ok(password),
            None if std::io::stdin().is_terminal() => {
                let asked = rpassword::prompt_password("keystore password: ").map_err(|_| KeyError::NoPassword)?;
                Ok(Password::new(asked))
            }
            None => Err(KeyError::NoPassword),
        }
    }

    /// A password for a new key: asked for twice on a terminal.
    pub fn new_password(&self) -> Result<Password, Failure> {
        if let Some(password) = self.given_password()? {
            if password.is_empty() {
                return Err(Failure::usage("the keystore password is empty; choose one"));
            }
            return Ok(password);
        }
        if !std::io::stdin().is_terminal() {
            return Err(KeyError::NoPassword.into());
        }
        let ask = |prompt: &str| rpassword::prompt_password(prompt).map(Password::new).map_err(Failure::from);
        let first = ask("keystore password: ")?;
        if first.is_empty() {
            return Err(Failure::usage("the keystore password is empty; choose one"));
        }
        if first != ask("once more: ")? {
            return Err(Failure::usage("the two passwords differ; nothing was written"));
        }
        Ok(first)
    }

    /// A secret: hidden on a terminal, otherwise the first line of standard input.
    pub fn ask_secret(&self, prompt: &str) -> Result<String, Failure> {
        if std::io::stdin().is_terminal() {
            return Ok(rpassword::prompt_password(prompt)?);
        }
        let mut line = String::new();
        std::io::stdin().lock().read_line(&mut line)?;
        Ok(line)
    }

    /// A yes or no; only on a terminal, otherwise `None`.
    pub fn confirm(&self, question: &str) -> Result<Option<bool>, Failure> {
        if !self.out.interactive() || !std::io::stdin().is_terminal() {
            return Ok(None);
        }
        eprint!("{question} [y/N] ");
        let mut line = String::new();
        std::io::stdin().lock().read_line(&mut line)?;
        Ok(Some(matches!(line.trim(), "y" | "Y" | "yes")))
    }

    /// The keystore's password, if it can be had without asking.
    pub fn given_password(&self) -> Result<Option<Password>, KeyError> {
        match &self.password_file {
            Some(path) => Password::from_file(path).map(Some),
            None => Ok(Password::from_environment()),
        }
    }
}
