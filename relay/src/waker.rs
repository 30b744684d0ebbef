//! The seam to whatever can wake a sleeping phone (FCM, APNs, Web Push): a wake-up carries nothing
//! (docs/protocol.md section 7).

use nod_protocol::MailboxId;

/// Makes a phone's app connect. Best effort; must not block.
pub trait Waker: Send + Sync {
    /// There is mail for a phone that is not connected. What is sent out names no account, id or number.
    fn wake(&self, mailbox: MailboxId);
}

/// Wakes nobody: phones keep their socket open or look for themselves.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoWaker;

impl Waker for NoWaker {
    fn wake(&self, _mailbox: MailboxId) {}
}
