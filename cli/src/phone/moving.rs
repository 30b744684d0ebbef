//! `nod phone move`: to a new phone, from either side.

use std::io::{BufRead as _, IsTerminal as _, Write as _};
use std::time::Duration;

use nod_phone::{MoveEnd, MoveError, MoveRole, MoveStatus, MoveStep, MovingAccount, MovingState, Phone};
use nod_protocol::qr::RelayAddress;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::words;
use crate::args::MoveCommand;
use crate::error::CliError;
use crate::exit::Exit;
use crate::out::{Out, clean};
use crate::screen::{digits, qr};

/// How long the relay may take to take the last word to the other phone.
const FAREWELL: Duration = Duration::from_secs(5);

/// Runs one of the four, and leaves the other phone in no doubt of how it ended.
///
/// # Errors
/// [`CliError`] says why the move could not begin or go on.
pub(super) async fn run(phone: &Phone, command: MoveCommand, out: Out) -> Result<Exit, CliError> {
    let result = moving(phone, command, out).await;
    phone.farewell(FAREWELL).await?;
    result
}

async fn moving(phone: &Phone, command: MoveCommand, out: Out) -> Result<Exit, CliError> {
    match command {
        MoveCommand::Show { relay, delete_codes, wait } => {
            show(phone, relay, out).await?;
            finish(phone, wait, delete_codes, out).await
        }
        MoveCommand::Join { qr, wait } => join(phone, &qr, wait, out).await,
        MoveCommand::Resume { delete_codes, wait } => finish(phone, wait, delete_codes, out).await,
        MoveCommand::Cancel => {
            phone.cancel_move().await?;
            out.answer(&json!({ "state": "cancelled" }), || {
                "Ended. What was authorised before may still move; see `nod phone move resume`.".to_owned()
            })?;
            Ok(Exit::Done)
        }
    }
}

async fn show(phone: &Phone, relay: Option<RelayAddress>, out: Out) -> Result<(), CliError> {
    let (text, good_for) = phone.offer_move(relay).await?;
    show_qr(&text, good_for, out)?;
    let joined = phone.wait_joined().await?;
    out.aside(&format!("Scanned by {}.", peer_of(&joined)));
    loop {
        // The offer may end while a person reads and types: that is said at once.
        let code = tokio::select! {
            code = read_line(if out.is_json() { None } else { Some("The six digits that it shows: ") }) => code,
            ended = offer_ended(phone) => return Err(ended.into()),
        };
        let Some(code) = code else {
            // Nobody will type them: the other phone need not wait.
            phone.cancel_move().await?;
            return Err(CliError::Missing("the code", "the six digits as a line on standard input"));
        };
        match phone.confirm_move(&code).await {
            Ok(_) => return Ok(()),
            Err(MoveError::NotACode) => out.aside("That is not six digits. Try again."),
            Err(error) => return Err(error.into()),
        }
    }
}

fn show_qr(text: &str, good_for: Duration, out: Out) -> Result<(), CliError> {
    if out.is_json() {
        return out.object(&json!({ "qr": text, "expires_in_s": good_for.as_secs() }));
    }
    if out.is_terminal()
        && let Some(drawn) = qr::draw(text)
    {
        out.words(&drawn)?;
    }
    out.words(&format!(
        "Scan this with the new phone within {} seconds, or give its text to `nod phone move join`.\n\
         Show it to nobody else.\n\n{text}\n",
        good_for.as_secs()
    ))
}

async fn offer_ended(phone: &Phone) -> MoveError {
    let mut events = phone.events();
    loop {
        if let nod_phone::Event::MoveEnded { error, .. } = events.next().await {
            return error.unwrap_or(MoveError::NotFound);
        }
    }
}

async fn join(phone: &Phone, qr: &str, wait: u64, out: Out) -> Result<Exit, CliError> {
    let text = if qr == "-" {
        read_line(None)
            .await
            .ok_or(CliError::Missing("the QR code's text", "it as a line on standard input"))?
    } else {
        Zeroizing::new(qr.to_owned())
    };
    out.aside("Asking the old phone…");
    let (code, status) = phone.join_move(&text).await?;
    let code = code.expose();
    out.answer(&json!({ "code": code }), || {
        format!(
            "{} wants to hand its accounts over.\nType these six digits there:\n\n{}\n\n({})\n\nWaiting…",
            peer_of(&status),
            digits::draw(&code),
            words::grouped(&code),
        )
    })?;
    finish(phone, wait, false, out).await
}

/// Goes on with a move until it is over, and says how it stands.
async fn finish(phone: &Phone, wait: u64, delete_codes: bool, out: Out) -> Result<Exit, CliError> {
    let status = phone.finish_move(Duration::from_secs(wait)).await?;
    if status.step == MoveStep::Ended(MoveEnd::Left) && status.accounts.is_empty() && status.codes == 0 {
        // As after a wrong code: nothing was announced, so there is nothing to count.
        return Err(MoveError::PeerLeft.into());
    }
    for account in &status.accounts {
        out.answer(&account_object(account), || account_words(account, status.role))?;
    }
    let (moved, of) = (status.moved(), status.accounts.len());
    let codes = if status.codes_arrived { status.codes } else { 0 };
    let both = codes > 0 && status.role == MoveRole::Old && !delete_codes;
    if codes > 0 && status.role == MoveRole::Old && delete_codes {
        phone.delete_moved_codes()?;
    }
    out.answer(&json!({ "moved": moved, "of": of, "codes": codes }), || {
        let mut text = format!("{moved} of {of} accounts moved, and {codes} one-time codes.");
        if both {
            text.push_str(
                "\nThe codes are on both phones now: `nod phone move resume --delete-codes` deletes them here.",
            );
        }
        if moved < of && !status.is_over() {
            text.push_str("\nThe rest is under way: `nod phone move resume` goes on, on either phone.");
        }
        text
    })?;
    let whole = moved == of && codes == status.codes;
    Ok(if whole { Exit::Done } else { Exit::Failed })
}

fn account_object(account: &MovingAccount) -> Value {
    json!({
        "account": account.id,
        "service": account.service_name,
        "label": account.label,
        "state": state_word(account.state),
    })
}

const fn state_word(state: MovingState) -> &'static str {
    match state {
        MovingState::Announced => "announced",
        MovingState::Authorised => "authorised",
        MovingState::Moved => "moved",
        MovingState::Refused => "refused",
        MovingState::Impossible => "impossible",
    }
}

fn account_words(account: &MovingAccount, role: MoveRole) -> String {
    let name = format!("{} at {}", clean(&account.label), clean(&account.service_name));
    match (account.state, role) {
        (MovingState::Moved, MoveRole::Old) => {
            format!("{name}: moved. This phone can no longer approve for it.")
        }
        (MovingState::Moved, MoveRole::New) => format!("{name}: moved here."),
        (MovingState::Announced, _) => format!("{name}: not authorised yet; the old phone is in force."),
        (MovingState::Authorised, _) => {
            format!("{name}: waits for its login server; the old phone is in force until then.")
        }
        (MovingState::Refused, _) => format!("{name}: its login server refused. Nothing has changed."),
        (MovingState::Impossible, _) => format!("{name}: the new phone has it already, or cannot take it."),
    }
}

fn peer_of(status: &MoveStatus) -> String {
    status.peer.as_ref().map_or_else(|| "another phone".to_owned(), |peer| clean(&peer.name))
}

/// A line from standard input, asked for where a person sits there.
async fn read_line(prompt: Option<&'static str>) -> Option<Zeroizing<String>> {
    let (send, line) = tokio::sync::oneshot::channel();
    // A thread of its own, which ends with the process: nothing can wake a blocking read, and the program must be able
    // to end without it.
    std::thread::spawn(move || {
        if let Some(prompt) = prompt.filter(|_| std::io::stdin().is_terminal()) {
            let mut err = std::io::stderr();
            // Where stderr is closed the answer is read all the same.
            let _ = write!(err, "{prompt}").and_then(|()| err.flush());
        }
        let mut line = Zeroizing::new(String::new());
        let read = std::io::stdin().lock().read_line(&mut line);
        if matches!(read, Ok(1..)) {
            // Whoever asked may have gone.
            let _ = send.send(Zeroizing::new(line.trim().to_owned()));
        }
    });
    line.await.ok()
}
