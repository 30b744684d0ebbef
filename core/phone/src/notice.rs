//! Notices: what a login server says of a binding itself (docs/protocol.md sections 4 and 9).

use nod_protocol::es256::Agreement;
use nod_protocol::jwe::{self, JweError};
use nod_protocol::jws::{JwsError, Received};
use nod_protocol::messages::{NoticeClaims, NoticeEvent};

use crate::challenge::Pinned;

/// Why a notice was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NoticeError {
    /// It does not decrypt with this account's key.
    #[error(transparent)]
    Sealed(#[from] JweError),
    /// It is not a well-formed notice, or its signature is not the service's.
    #[error(transparent)]
    Signed(#[from] JwsError),
    /// It is another service's or for another binding.
    #[error("the notice is not this account's")]
    WrongAccount,
    /// It is of a generation that has passed, or an activation without one.
    #[error("the notice is of an older generation")]
    OlderGeneration,
}

/// A notice of this account's service about this account. Only [`open`] makes one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VerifiedNotice {
    event: NoticeEvent,
    gen_: u64,
}

impl VerifiedNotice {
    /// What happened.
    #[must_use]
    pub const fn event(&self) -> NoticeEvent {
        self.event
    }

    /// The binding's generation from now on.
    #[must_use]
    pub const fn generation(&self) -> u64 {
        self.gen_
    }
}

/// Opens and checks a notice.
///
/// # Errors
/// [`NoticeError`] names the first check that failed.
pub fn open(body: &str, enc: &dyn Agreement, pinned: &Pinned) -> Result<VerifiedNotice, NoticeError> {
    let inner = jwe::open(body, enc)?;
    let verified = Received::<NoticeClaims>::parse(&inner)?.verify(&pinned.service_key)?;
    let claims = verified.claims();
    if claims.iss != pinned.service || claims.aud != pinned.binding {
        return Err(NoticeError::WrongAccount);
    }
    let least = match claims.event {
        NoticeEvent::Activated => pinned.gen_.max(1),
        NoticeEvent::Aborted | NoticeEvent::Revoked => pinned.gen_,
    };
    if claims.gen_ < least {
        return Err(NoticeError::OlderGeneration);
    }
    Ok(VerifiedNotice { event: claims.event, gen_: claims.gen_ })
}
