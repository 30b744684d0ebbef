//! Single keys and hidden lines from the terminal.

use std::io::{IsTerminal as _, Read as _};

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use tokio::sync::mpsc;
use zeroize::Zeroizing;

/// A changed terminal, put back as it was when dropped.
#[derive(Debug)]
pub(crate) struct Changed {
    before: Termios,
}

impl Changed {
    /// Takes `modes` away from the terminal at stdin; `None` when stdin is no terminal.
    fn without(modes: LocalModes) -> Option<Self> {
        let stdin = std::io::stdin();
        if !stdin.is_terminal() {
            return None;
        }
        let before = tcgetattr(&stdin).ok()?;
        let mut now = before.clone();
        now.local_modes.remove(modes);
        tcsetattr(&stdin, OptionalActions::Flush, &now).ok()?;
        Some(Self { before })
    }
}

impl Drop for Changed {
    fn drop(&mut self) {
        // A terminal that has gone needs nothing put back.
        let _ = tcsetattr(std::io::stdin(), OptionalActions::Flush, &self.before);
    }
}

/// Keys as they are pressed. Ctrl-C still interrupts.
#[derive(Debug)]
pub(crate) struct Keys {
    pressed: mpsc::Receiver<char>,
    _terminal: Changed,
}

impl Keys {
    /// Listens; `None` when stdin is no terminal.
    pub(crate) fn listen() -> Option<Self> {
        let terminal = Changed::without(LocalModes::ICANON | LocalModes::ECHO)?;
        let (send, pressed) = mpsc::channel(16);
        // This thread ends with the process: nothing can wake a blocking read.
        std::thread::spawn(move || {
            let mut byte = [0u8; 1];
            while let Ok(1) = std::io::stdin().lock().read(&mut byte) {
                if byte.iter().any(|b| send.blocking_send(char::from(*b)).is_err()) {
                    break;
                }
            }
        });
        Some(Self { pressed, _terminal: terminal })
    }

    /// The next key; `None` once stdin has ended.
    pub(crate) async fn next(&mut self) -> Option<char> {
        self.pressed.recv().await
    }
}

/// Asks for a line that is not shown; `None` when no person is there to answer.
pub(crate) fn ask_hidden(prompt: &str) -> Option<Zeroizing<String>> {
    use std::io::Write as _;
    let hidden = Changed::without(LocalModes::ECHO)?;
    let mut err = std::io::stderr();
    let _ = write!(err, "{prompt}").and_then(|()| err.flush());
    let mut line = Zeroizing::new(String::new());
    let read = std::io::stdin().read_line(&mut line);
    drop(hidden);
    let _ = writeln!(err);
    read.ok()?;
    let end = line.trim_end_matches(['\r', '\n']).len();
    line.truncate(end);
    Some(line)
}

/// Asks for a line that is shown while it is typed; `None` when stdin has ended.
pub(crate) fn ask(prompt: &str) -> Option<Zeroizing<String>> {
    use std::io::Write as _;
    let mut err = std::io::stderr();
    let _ = write!(err, "{prompt}").and_then(|()| err.flush());
    let mut line = Zeroizing::new(String::new());
    let read = std::io::stdin().read_line(&mut line).ok()?;
    (read > 0).then_some(line)
}
