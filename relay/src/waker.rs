//! The seam to whatever can wake a sleeping phone (FCM, APNs, Web Push): what is sent out carries nothing
//! (docs/protocol.md section 7).

use nod_login::UnixMillis;
use nod_protocol::{ChallengeId, MailboxId};

/// A challenge waits for a phone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Call {
    /// The phone.
    pub mailbox: MailboxId,
    /// When waking it is of no more use.
    pub until: UnixMillis,
    /// The challenge of a managed service, whose page is told how it goes. It is not sent out.
    pub challenge: Option<ChallengeId>,
    /// Whether the phone has a connection here. It may be a dead one, so a phone that stays silent is woken all the same.
    pub connected: bool,
}

/// How the latest wake-up of a phone stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// It was not tried yet, or is tried again.
    Waiting,
    /// A push service took it.
    Waking,
    /// The phone cannot be woken: it has no target, or the push service refused.
    Unreachable,
}

/// Makes a phone's app connect. Best effort; must not block.
pub trait Waker: Send + Sync {
    /// A phone has something to fetch. What is sent out names no account, id or number.
    fn wake(&self, call: Call);

    /// The phone has acknowledged mail: it is awake.
    fn awake(&self, mailbox: &MailboxId);

    /// How the latest wake-up of a phone stands; none when there is none.
    fn progress(&self, mailbox: &MailboxId) -> Option<Progress>;
}

/// Wakes nobody: phones keep their socket open or look for themselves.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoWaker;

impl Waker for NoWaker {
    fn wake(&self, _call: Call) {}

    fn awake(&self, _mailbox: &MailboxId) {}

    fn progress(&self, _mailbox: &MailboxId) -> Option<Progress> {
        None
    }
}
