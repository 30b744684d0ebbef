//! What can go wrong while measuring.

use std::io;

use nod_login::StoreError;
use nod_protocol::RandomError;
use nod_protocol::es256::KeyUseError;
use nod_protocol::frames::RefusedReason;
use nod_relay::store::engine::EngineError;
use nod_relay::store::links::LinkError;

/// Why there is no figure.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BenchError {
    /// No such figure.
    #[error("there is no figure `{name}`; there are {}", .known.join(", "))]
    UnknownFigure {
        /// What was asked for.
        name: String,
        /// What can be asked for.
        known: Vec<&'static str>,
    },
    /// The relay process could not be started.
    #[error("the relay process cannot be started: {0}")]
    Spawn(io::ErrorKind),
    /// The relay process ended, or said nothing that can be understood.
    #[error("the relay process did not come up; it said: {0}")]
    NotUp(String),
    /// The relay process was not ready in time.
    #[error("the relay process was not ready in time")]
    NotReady,
    /// The system does not tell what a process uses.
    #[error("the system does not tell what the relay process uses (that needs Linux's /proc)")]
    NoProc,
    /// The relay refused a request.
    #[error("the relay answered {status} to {what}: {body}")]
    Http {
        /// Method and path.
        what: String,
        /// The status.
        status: u16,
        /// The answer's body.
        body: String,
    },
    /// An answer or a frame is not what the interface says.
    #[error("{0} cannot be read")]
    BadReply(&'static str),
    /// The relay refused a phone's envelope.
    #[error("the relay refused a phone's answer: {0:?}")]
    Refused(RefusedReason),
    /// A device socket failed.
    #[error("a device socket failed: {0}")]
    Socket(String),
    /// An approval was not decided in time.
    #[error("{0} took too long")]
    TooLong(&'static str),
    /// A simulated phone failed.
    #[error("a simulated phone failed: {0}")]
    Phone(String),
    /// A challenge ended otherwise than approved.
    #[error("a challenge ended as {0}")]
    NotApproved(String),
    /// A file, folder or socket failed.
    #[error("the system failed: {0}")]
    Io(io::ErrorKind),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A phone and a service were not linked.
    #[error(transparent)]
    Link(#[from] LinkError),
    /// The engine below the store failed.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The login library refused.
    #[error("the login library refused: {0}")]
    Login(String),
    /// The source of randomness failed.
    #[error(transparent)]
    Random(#[from] RandomError),
    /// A key could not be used.
    #[error(transparent)]
    Key(#[from] KeyUseError),
    /// The certificate could not be made or used.
    #[error("the certificate cannot be made or used")]
    Certificate,
    /// A task ended before its time.
    #[error("a task ended before its time")]
    Task,
}

impl From<io::Error> for BenchError {
    fn from(error: io::Error) -> Self {
        Self::Io(error.kind())
    }
}

impl From<tokio_tungstenite::tungstenite::Error> for BenchError {
    fn from(error: tokio_tungstenite::tungstenite::Error) -> Self {
        Self::Socket(error.to_string())
    }
}

impl From<tokio::task::JoinError> for BenchError {
    fn from(_: tokio::task::JoinError) -> Self {
        Self::Task
    }
}
