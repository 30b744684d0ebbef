//! `nod phone watch`: shows each challenge as it comes and answers it with a key.

use std::collections::BTreeSet;

use nod_phone::{Event, Pending, Phone};
use nod_protocol::messages::Outcome;
use nod_protocol::{ChallengeId, Number};
use serde_json::json;

use super::words;
use crate::error::CliError;
use crate::exit::Exit;
use crate::out::Out;
use crate::screen::countdown::{self, Line};
use crate::screen::keys::Keys;

/// What a key asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wish {
    Approve,
    Deny,
    Report,
}

/// What is typed while a challenge is shown.
#[derive(Debug, Default)]
struct Typed {
    /// The digits of the number so far, once approving was chosen.
    number: Option<String>,
}

impl Typed {
    /// Takes a key; says what to do once it is clear.
    fn key(&mut self, key: char, digits: u8) -> Option<(Wish, Option<Number>)> {
        if let Some(number) = &mut self.number {
            match key {
                '0'..='9' if number.len() < usize::from(digits) => number.push(key),
                '\u{8}' | '\u{7f}' => {
                    number.pop();
                }
                '\n' | '\r' if number.len() == usize::from(digits) => {
                    let number = Number::parse(number).ok();
                    self.number = None;
                    return Some((Wish::Approve, number));
                }
                '\u{1b}' => self.number = None,
                _ => {}
            }
            return None;
        }
        match key.to_ascii_lowercase() {
            'a' if digits == 0 => Some((Wish::Approve, None)),
            'a' => {
                self.number = Some(String::new());
                None
            }
            'd' => Some((Wish::Deny, None)),
            'r' => Some((Wish::Report, None)),
            _ => None,
        }
    }

    fn prompt(&self, digits: u8, left: u64) -> String {
        match &self.number {
            Some(number) => {
                let gap = "_".repeat(usize::from(digits).saturating_sub(number.len()));
                format!(
                    "The number on the login page: {number}{gap}   Enter sends it, Esc goes back   {left} s"
                )
            }
            None => format!("[a] approve   [d] deny   [r] this was not me   {left} s"),
        }
    }
}

/// Watches until it is interrupted.
///
/// # Errors
/// [`CliError::NoTerminal`] when nobody can press a key and nobody reads objects.
pub(super) async fn run(phone: &Phone, out: Out) -> Result<Exit, CliError> {
    let mut keys = Keys::listen();
    if keys.is_none() && !out.is_json() {
        return Err(CliError::NoTerminal);
    }
    let mut events = phone.events();
    phone.connect()?;
    out.aside("Waiting for challenges. Ctrl-C ends this.");
    let mut line = Line::new(out.is_json());
    let mut typed = Typed::default();
    let mut shown = BTreeSet::new();
    let mut tick = tokio::time::interval(countdown::TICK);
    let mut end = std::pin::pin!(crate::signal::asked_to_end());
    loop {
        let current = phone.pending().into_iter().next();
        present(current.as_ref(), &mut shown, &mut typed, &mut line, out)?;
        tokio::select! {
            () = &mut end => return Ok(Exit::Done),
            event = events.next() => hear(&event, &mut line, out)?,
            key = next_key(keys.as_mut()) => {
                if let (Some(key), Some(pending)) = (key, &current)
                    && let Some((wish, number)) = typed.key(key, pending.digits)
                {
                    line.show("Sending…");
                    let ended = answer(phone, pending.id, wish, number).await;
                    line.clear();
                    if let Err(error) = ended {
                        out.error(&error);
                    }
                }
            }
            _ = tick.tick() => {}
        }
    }
}

async fn next_key(keys: Option<&mut Keys>) -> Option<char> {
    match keys {
        Some(keys) => match keys.next().await {
            Some(key) => Some(key),
            None => std::future::pending().await,
        },
        None => std::future::pending().await,
    }
}

fn present(
    current: Option<&Pending>,
    shown: &mut BTreeSet<ChallengeId>,
    typed: &mut Typed,
    line: &mut Line,
    out: Out,
) -> Result<(), CliError> {
    let Some(pending) = current else {
        line.clear();
        typed.number = None;
        return Ok(());
    };
    if shown.insert(pending.id) {
        line.clear();
        // Keys of the challenge before are not for this one.
        typed.number = None;
        out.answer(&json!({ "challenge": words::challenge_object(pending) }), || {
            format!("\n{}", words::challenge(pending))
        })?;
    }
    let left = countdown::seconds(std::time::Duration::from_secs_f64(pending.seconds_left.max(0.0)));
    line.show(&typed.prompt(pending.digits, left));
    Ok(())
}

fn hear(event: &Event, line: &mut Line, out: Out) -> Result<(), CliError> {
    if let Event::Decided { id, outcome } = event {
        line.clear();
        out.answer(&json!({ "id": id, "outcome": outcome }), || words::outcome(*outcome).to_owned())?;
    } else if let Event::Gone { id, reason } = event {
        line.clear();
        out.answer(&json!({ "id": id, "gone": reason }), || {
            let why = match reason {
                nod_protocol::frames::GoneReason::Superseded => "A newer request takes its place.",
                nod_protocol::frames::GoneReason::Cancelled => "The sign-in was cancelled.",
                nod_protocol::frames::GoneReason::Answered => "It was answered on another phone.",
                nod_protocol::frames::GoneReason::Expired => "Its time is over.",
            };
            why.to_owned()
        })?;
    } else if let Event::Disconnected { relay, retry_in: Some(_), .. } = event {
        line.clear();
        out.aside(&format!("No connection to {relay}; trying again."));
    } else if let Event::Disconnected { relay, retry_in: None, .. } = event {
        line.clear();
        out.aside(&format!("The connection to {relay} has ended."));
    } else if let Event::Connected { relay } = event {
        line.clear();
        out.aside(&format!("Connected to {relay}."));
    }
    Ok(())
}

async fn answer(
    phone: &Phone,
    id: ChallengeId,
    wish: Wish,
    number: Option<Number>,
) -> Result<Outcome, CliError> {
    Ok(match wish {
        Wish::Approve => phone.approve(id, number).await?,
        Wish::Deny => phone.deny(id).await?,
        Wish::Report => phone.report(id).await?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn type_all(text: &str, digits: u8) -> Option<(Wish, Option<Number>)> {
        let mut typed = Typed::default();
        text.chars().find_map(|key| typed.key(key, digits))
    }

    #[test]
    fn a_tap_is_approved_with_one_key_and_a_number_only_when_it_is_whole() {
        assert_eq!(type_all("a", 0), Some((Wish::Approve, None)));
        assert_eq!(type_all("a4\n", 2), None);
        let (wish, number) = type_all("a41\u{7f}2\n", 2).unwrap();
        assert_eq!((wish, number.unwrap().expose()), (Wish::Approve, "42"));
    }

    #[test]
    fn keys_of_the_number_never_deny_or_report() {
        assert_eq!(type_all("adr", 2), None);
        assert_eq!(type_all("a\u{1b}d", 2), Some((Wish::Deny, None)));
        assert_eq!(type_all("r", 2), Some((Wish::Report, None)));
    }
}
