//! Where this phone is woken up, signed for one connection to a relay (docs/protocol.md section 7).

use nod_protocol::jws;
use nod_protocol::messages::{WakeClaims, WakeTarget};
use nod_protocol::qr::RelayAddress;
use nod_protocol::{EnvelopeId, Nonce};

use super::{Engine, HelloError, channel_of};
use crate::keys::{KeyStoreError, KeyUse, NamedSigner};

impl Engine {
    /// `nod-wake+jwt` by the channel key of a relay, for the connection whose nonce this is, and the id under which the
    /// relay answers it. Without a target it takes back what the relay holds.
    ///
    /// # Errors
    /// [`HelloError`] when the key cannot be used.
    pub fn wake(
        &self,
        relay: &RelayAddress,
        nonce: Nonce,
        target: Option<WakeTarget>,
    ) -> Result<(EnvelopeId, String), HelloError> {
        let name = self.vault.read(|contents| channel_of(contents, relay))?.ok_or(HelloError::NoChannel)?;
        let signer = NamedSigner::new(&*self.keys, &name, KeyUse::Silent)?;
        let claims = WakeClaims {
            aud: relay.device_url(),
            nonce,
            jwk: self.keys.public_key(&name)?,
            iat: self.clock.unix_seconds(),
            target,
        };
        let jwt = jws::sign(&claims, &signer).map_err(|_| HelloError::Key(signer.failure()))?;
        let id = EnvelopeId::new(self.clock.unix_millis(), &*self.random);
        Ok((id.map_err(|_| KeyStoreError::Unavailable)?, jwt))
    }
}
