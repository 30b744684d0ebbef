//! `nod`, the one binary: relay, login server, phone, demo and bench on one command line.

mod args;
mod bench;
mod demo;
mod error;
mod exit;
mod fobs;
mod login;
mod moment;
mod operators;
mod out;
mod phone;
mod picture;
mod relay;
mod rest;
mod screen;
mod service;
mod settings;
mod signal;

use std::process::ExitCode;

use clap::Parser as _;

use args::{Cli, Command};
use error::CliError;
use exit::Exit;
use out::Out;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    let out = Out::new(cli.json);
    let waits = matches!(&cli.command, Command::Login(login) if login.command.waits());
    let result = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => {
            let result = runtime.block_on(run(cli.command, out));
            // A thread that still waits for a key must not hold the end up.
            runtime.shutdown_background();
            result
        }
        Err(error) => Err(CliError::Runtime(error.kind())),
    };
    match result {
        Ok(exit) => exit.into(),
        Err(error) => {
            out.error(&error);
            if waits { Exit::NoOutcome.into() } else { Exit::Failed.into() }
        }
    }
}

async fn run(command: Command, out: Out) -> Result<Exit, CliError> {
    match command {
        Command::Demo(args) => demo::run(args, out).await,
        Command::Relay(args) => relay::run(args, out).await,
        Command::Service(args) => service::run(args, out).await,
        Command::Login(args) => login::run(args, out).await,
        Command::Phone(args) => phone::run(args, out).await,
        Command::Bench(args) => bench::run(args, out).await,
    }
}

/// Shows help, the version or what is wrong with the command line.
fn usage(error: &clap::Error) -> ExitCode {
    // Where the output is closed only the exit code tells.
    let _ = error.print();
    let asked_to_wait = asks_to_wait(std::env::args().skip(1));
    if error.use_stderr() && asked_to_wait {
        Exit::NoOutcome.into()
    } else {
        ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(1))
    }
}

/// Whether a command line that could not be read was meant for a waiting command, whose exit code 2 is an outcome.
fn asks_to_wait(args: impl Iterator<Item = String>) -> bool {
    let mut words = args.filter(|arg| !arg.starts_with('-'));
    words.next().is_some_and(|first| first == "login")
        && words.any(|word| matches!(word.as_str(), "push" | "wait"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrong_usage_of_a_waiting_command_is_not_taken_for_an_outcome() {
        let line = |text: &str| asks_to_wait(text.split(' ').map(str::to_owned));
        assert!(line("login push --nmber two alice"));
        assert!(line("--json login --state d wait nonsense"));
        assert!(!line("login devices"));
        assert!(!line("phone wait"));
    }
}
