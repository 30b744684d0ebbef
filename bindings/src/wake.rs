//! Where the platform wakes the app up, as a foreign trait.

/// What a relay can wake a phone up with (docs/protocol.md section 7).
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct WakeChoice {
    /// The relay that asks, `host[:port]`; each may need a registration of its own.
    pub relay: String,
    /// UnifiedPush and Web Push: the VAPID key to subscribe with, base64url of 65 bytes.
    pub web_push: Option<String>,
    /// FCM: the project whose tokens the relay can use.
    pub fcm: Option<String>,
    /// APNs: the topic that the relay may send to.
    pub apns: Option<String>,
}

/// Where this app is woken up.
#[derive(Clone, PartialEq, Eq, uniffi::Enum)]
pub enum WakeToken {
    /// A UnifiedPush or Web Push subscription.
    WebPush {
        /// The address to post to.
        endpoint: String,
        /// The subscription's public key, base64 of 65 bytes.
        p256dh: String,
        /// The subscription's authentication secret, base64 of 16 bytes.
        auth: String,
    },
    /// A registration token of FCM.
    Fcm {
        /// The token.
        token: String,
    },
    /// A device token of APNs.
    Apns {
        /// The token in hexadecimal.
        token: String,
        /// Whether it is of the development environment.
        sandbox: bool,
    },
}

impl std::fmt::Debug for WakeToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("WakeToken(…)")
    }
}

/// Knows where the platform wakes this app up. It answers with what it has by now, and the app calls
/// `wakeTokenChanged` on the phone when that is no longer true.
#[uniffi::export(with_foreign)]
pub trait WakeTokens: Send + Sync {
    /// The token for one relay, out of what it offers; none when this phone is not to be woken by it.
    fn token(&self, choice: WakeChoice) -> Option<WakeToken>;
}

/// A platform's tokens as the phone sees them.
#[cfg(feature = "net")]
pub(crate) struct ForeignWake(pub(crate) std::sync::Arc<dyn WakeTokens>);

#[cfg(feature = "net")]
impl nod_phone::WakeSource for ForeignWake {
    fn target(
        &self,
        relay: &nod_protocol::qr::RelayAddress,
        offer: &nod_protocol::messages::WakeOffer,
    ) -> Option<nod_protocol::messages::WakeTarget> {
        use nod_protocol::messages::WakeTarget;
        let choice = WakeChoice {
            relay: relay.to_string(),
            web_push: offer.web_push.clone(),
            fcm: offer.fcm.clone(),
            apns: offer.apns.clone(),
        };
        let target = match self.0.token(choice)? {
            WakeToken::WebPush { endpoint, p256dh, auth } => WakeTarget::web_push(&endpoint, &p256dh, &auth),
            WakeToken::Fcm { token } => WakeTarget::fcm(&token),
            WakeToken::Apns { token, sandbox } => WakeTarget::apns(&token, sandbox),
        };
        target.inspect_err(|error| tracing::warn!(%error, "the platform's wake-up token cannot be used")).ok()
    }
}
