//! What a page keeps until the next request: a QR code, an address, fresh recovery codes. Sealed for the session.

use nod_login::UnixMillis;
use nod_protocol::{EnrolmentId, MethodId};
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize as _, Zeroizing};

use super::visitor::Visitor;
use crate::keys::Purpose;

/// One of these at a time; a new one replaces the old one.
#[derive(Serialize, Deserialize)]
#[serde(tag = "for", rename_all = "lowercase")]
pub(super) enum Draft {
    /// A phone that is to be added.
    Phone {
        /// Its enrolment.
        enrolment: EnrolmentId,
        /// The text of its QR code.
        qr: String,
    },
    /// An app that waits for its first code.
    App {
        /// The method.
        method: MethodId,
        /// The secret, to type in.
        secret: String,
        /// The text of its QR code.
        uri: String,
        /// When it is dropped.
        expires: UnixMillis,
    },
    /// An address that waits for its code.
    Address {
        /// The method.
        method: MethodId,
        /// The address, for sending a code again.
        address: String,
    },
    /// Recovery codes that are about to be shown.
    Codes {
        /// The codes.
        codes: Vec<String>,
    },
}

impl Drop for Draft {
    fn drop(&mut self) {
        match self {
            Self::Phone { qr, .. } => qr.zeroize(),
            Self::App { secret, uri, .. } => {
                secret.zeroize();
                uri.zeroize();
            }
            Self::Address { address, .. } => address.zeroize(),
            Self::Codes { codes } => codes.zeroize(),
        }
    }
}

impl Visitor {
    /// Keeps a draft. False when it could not be.
    pub(super) async fn keep(&self, draft: &Draft) -> bool {
        let Ok(plain) = serde_json::to_vec(draft).map(Zeroizing::new) else { return false };
        let (master, random) = (&self.app.master, self.app.random.as_ref());
        let Ok(sealed) = master.seal(Purpose::Page, self.digest.as_bytes(), &plain, random) else {
            return false;
        };
        let change = move |row: &mut crate::store::portal::PortalSession| row.sealed_draft = Some(sealed);
        let kept = self.app.store.change_portal_session(self.digest, self.now(), change).await;
        matches!(kept, Ok(Some(())))
    }

    /// The draft, if there is one.
    pub(super) fn draft(&self) -> Option<Draft> {
        self.opened(self.session.sealed_draft.as_deref()?)
    }

    /// Takes the draft: whoever comes second finds none.
    pub(super) async fn take_draft(&self) -> Option<Draft> {
        let take = |row: &mut crate::store::portal::PortalSession| row.sealed_draft.take();
        let taken = self.app.store.change_portal_session(self.digest, self.now(), take).await;
        self.opened(&taken.ok().flatten().flatten()?)
    }

    fn opened(&self, sealed: &str) -> Option<Draft> {
        let plain = self.app.master.open(Purpose::Page, self.digest.as_bytes(), sealed).ok()?;
        serde_json::from_slice(&plain).ok()
    }
}
