//! Ids. What a party must not guess is 128 random bits; a mailbox is named by the thumbprint of the key that opens it.

use crate::bytes::fixed_bytes;

fixed_bytes!(
    /// A service: one organisation's login server at one relay.
    ServiceId,
    16
);
fixed_bytes!(
    /// One enrolment: printed in its QR code, valid five minutes, used once.
    EnrolmentId,
    16
);
fixed_bytes!(
    /// One challenge; the `jti` of its claims.
    ChallengeId,
    16
);
fixed_bytes!(
    /// One account of one user on one phone.
    BindingId,
    16
);
fixed_bytes!(
    /// One move to a new phone: printed in its QR code; names the rendezvous at the relay.
    MoveId,
    16
);
fixed_bytes!(
    /// One way in of one user: a TOTP app, a key fob, an address for codes.
    MethodId,
    16
);
fixed_bytes!(
    /// One reset ticket of the helpdesk.
    TicketId,
    16
);
fixed_bytes!(
    /// The pairwise name of a user towards one phone; the `sub` of a binding. Says nothing about the user.
    SubjectId,
    16
);
fixed_bytes!(
    /// The SHA-256 thumbprint of a public key's JWK (RFC 7638).
    Thumbprint,
    32
);
fixed_bytes!(
    /// Where a relay keeps a phone's envelopes: the thumbprint of the phone's `channel` key for that relay.
    ///
    /// Whoever signs a hello with that key owns the mailbox, so no registration is needed.
    MailboxId,
    32
);

impl From<Thumbprint> for MailboxId {
    fn from(thumbprint: Thumbprint) -> Self {
        Self::from_bytes(*thumbprint.as_bytes())
    }
}

impl MoveId {
    /// How the relay names the sender of an envelope from a rendezvous: the same 16 bytes in the place of a service.
    #[must_use]
    pub const fn as_sender(&self) -> ServiceId {
        ServiceId::from_bytes(*self.as_bytes())
    }
}

/// One envelope: a UUID (version 7, so that they sort by time). Nobody relies on it to be unguessable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct EnvelopeId(pub uuid::Uuid);

impl EnvelopeId {
    /// Builds a version 7 id from a time (milliseconds since 1970) and random bits.
    ///
    /// # Errors
    /// [`crate::RandomError`] when the source of randomness fails.
    pub fn new(unix_millis: u64, random: &dyn crate::Random) -> Result<Self, crate::RandomError> {
        let mut bits = [0u8; 10];
        random.fill(&mut bits)?;
        Ok(Self::from_parts(unix_millis, &bits))
    }

    /// Builds a version 7 id from a time (milliseconds since 1970) and these bits: the same for the same ones.
    #[must_use]
    pub const fn from_parts(unix_millis: u64, bits: &[u8; 10]) -> Self {
        Self(uuid::Builder::from_unix_timestamp_millis(unix_millis, bits).into_uuid())
    }
}

impl std::fmt::Display for EnvelopeId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl std::str::FromStr for EnvelopeId {
    type Err = crate::bytes::EncodingError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        uuid::Uuid::try_parse(text).map(Self).map_err(|_| crate::bytes::EncodingError)
    }
}
