//! How a relay can wake a phone up, where the phone is woken, and the signed message that says so (docs/protocol.md
//! section 7).

use serde::{Deserialize, Serialize};

use crate::bytes::{self, Digest, Nonce};
use crate::ids::MailboxId;
use crate::jwk::PublicKey;
use crate::jws::{Claims, JwsError, Received, Verified};
use crate::qr::{is_loopback, split_authority};

/// The longest `endpoint`, in bytes.
const MAX_ENDPOINT: usize = 1024;
/// The longest token of FCM, in bytes.
const MAX_FCM: usize = 4096;
/// The longest token of APNs, in hexadecimal digits.
const MAX_APNS: usize = 200;

/// The wake-up services that a relay uses.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WakeOffer {
    /// Web Push and UnifiedPush: the relay's VAPID public key, base64url of the 65-byte point (RFC 8292), to subscribe
    /// with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub web_push: Option<String>,
    /// Firebase Cloud Messaging: the project whose tokens the relay can use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fcm: Option<String>,
    /// Apple's push service: the topic (the app's bundle id) that the relay may send to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub apns: Option<String>,
}

/// Where a phone is woken up. Not printed: whoever has it can at least try to.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum WakeTarget {
    /// Web Push (RFC 8030), of which UnifiedPush is one.
    WebPush {
        /// The push resource: `https`, or `http` on a loopback host; at most 1024 bytes.
        endpoint: String,
        /// The subscription's public key, base64url of the 65-byte point (RFC 8291).
        p256dh: String,
        /// The subscription's authentication secret, base64url of 16 bytes.
        auth: String,
    },
    /// Firebase Cloud Messaging.
    Fcm {
        /// The registration token, at most 4096 bytes.
        token: String,
    },
    /// Apple's push service.
    Apns {
        /// The device token in hexadecimal, at most 200 digits.
        token: String,
        /// Whether the token is of the development environment.
        sandbox: bool,
    },
}

/// A target cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WakeTargetError {
    /// Not an `https` URL of a sensible length (or `http` on a loopback host).
    #[error("the endpoint is not an https address")]
    Endpoint,
    /// Not a point of P-256 and 16 bytes, in base64url.
    #[error("the keys of the subscription are malformed")]
    Keys,
    /// Empty, too long, or with characters that no token has.
    #[error("the token is malformed")]
    Token,
}

impl WakeTarget {
    /// A target of Web Push or UnifiedPush. The keys may be padded, and of either base64 alphabet, as platforms differ.
    ///
    /// # Errors
    /// [`WakeTargetError`] when it cannot be used.
    pub fn web_push(endpoint: &str, p256dh: &str, auth: &str) -> Result<Self, WakeTargetError> {
        let tidy = |text: &str| text.trim_end_matches('=').replace('+', "-").replace('/', "_");
        let target = Self::WebPush { endpoint: endpoint.to_owned(), p256dh: tidy(p256dh), auth: tidy(auth) };
        target.check().map(|()| target)
    }

    /// A target of FCM.
    ///
    /// # Errors
    /// [`WakeTargetError`] when it cannot be used.
    pub fn fcm(token: &str) -> Result<Self, WakeTargetError> {
        let target = Self::Fcm { token: token.to_owned() };
        target.check().map(|()| target)
    }

    /// A target of APNs; `token` is hexadecimal.
    ///
    /// # Errors
    /// [`WakeTargetError`] when it cannot be used.
    pub fn apns(token: &str, sandbox: bool) -> Result<Self, WakeTargetError> {
        let target = Self::Apns { token: token.to_ascii_lowercase(), sandbox };
        target.check().map(|()| target)
    }

    /// Checks what came from elsewhere: form and size only, not whether anything is there.
    ///
    /// # Errors
    /// [`WakeTargetError`] says which part cannot be used.
    pub fn check(&self) -> Result<(), WakeTargetError> {
        match self {
            Self::WebPush { endpoint, p256dh, auth } => {
                if !is_endpoint(endpoint) {
                    return Err(WakeTargetError::Endpoint);
                }
                let point: [u8; 65] = bytes::decode_array(p256dh).map_err(|_| WakeTargetError::Keys)?;
                PublicKey::from_sec1(&point).map_err(|_| WakeTargetError::Keys)?;
                bytes::decode_array::<16>(auth).map_err(|_| WakeTargetError::Keys).map(|_| ())
            }
            Self::Fcm { token } => {
                let fine =
                    (1..=MAX_FCM).contains(&token.len()) && token.bytes().all(|b| b.is_ascii_graphic());
                if fine { Ok(()) } else { Err(WakeTargetError::Token) }
            }
            Self::Apns { token, .. } => {
                let hex = |b: u8| b.is_ascii_digit() || matches!(b, b'a'..=b'f');
                let fine = (16..=MAX_APNS).contains(&token.len()) && token.bytes().all(hex);
                if fine { Ok(()) } else { Err(WakeTargetError::Token) }
            }
        }
    }

    /// SHA-256 of `web-push`, endpoint, p256dh and auth, of `fcm` and token, or of `apns`, token and `sandbox` or
    /// `production`, with a line feed between them: what a relay says in its `welcome` that it holds.
    #[must_use]
    pub fn digest(&self) -> Digest {
        let text = match self {
            Self::WebPush { endpoint, p256dh, auth } => format!("web-push\n{endpoint}\n{p256dh}\n{auth}"),
            Self::Fcm { token } => format!("fcm\n{token}"),
            Self::Apns { token, sandbox: true } => format!("apns\n{token}\nsandbox"),
            Self::Apns { token, sandbox: false } => format!("apns\n{token}\nproduction"),
        };
        Digest::of(text.as_bytes())
    }
}

impl std::fmt::Debug for WakeTarget {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::WebPush { .. } => "WebPush(…)",
            Self::Fcm { .. } => "Fcm(…)",
            Self::Apns { .. } => "Apns(…)",
        })
    }
}

/// `https://host[:port]/…` without user and fragment, in plain ASCII; `http://` on a loopback host.
fn is_endpoint(url: &str) -> bool {
    let plain = url.strip_prefix("http://");
    let Some(rest) = plain.or_else(|| url.strip_prefix("https://")) else { return false };
    let fine = |b: u8| b.is_ascii_graphic() && !matches!(b, b'#' | b'\\' | b'"' | b'<' | b'>');
    if url.len() > MAX_ENDPOINT || !url.bytes().all(fine) {
        return false;
    }
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    split_authority(authority).is_some_and(|(host, port)| {
        port.is_none_or(|port| port.parse::<u16>().is_ok()) && (plain.is_none() || is_loopback(host))
    })
}

/// Where a phone wants to be woken up, signed by its `channel` key for one connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WakeClaims {
    /// The URL that the phone dialled.
    pub aud: String,
    /// The nonce of this connection, the one that the hello answered.
    pub nonce: Nonce,
    /// The `channel` key; its thumbprint names the mailbox.
    pub jwk: PublicKey,
    /// When it was made by the phone's clock, in seconds since 1970. Informative.
    pub iat: u64,
    /// Where; `null` takes back what the relay holds. It must be there: what is left out by mistake takes nothing back.
    #[serde(deserialize_with = "Option::deserialize")]
    pub target: Option<WakeTarget>,
}

impl Claims for WakeClaims {
    const TYP: &'static str = "nod-wake+jwt";
}

impl Received<WakeClaims> {
    /// Checks the message against the key that it carries, and says whose mailbox that key opens.
    ///
    /// # Errors
    /// [`JwsError::Signature`] when it does not verify.
    pub fn verify_self_certified(self) -> Result<(MailboxId, Verified<WakeClaims>), JwsError> {
        let key = self.hint().jwk;
        let verified = self.verify(&key)?;
        Ok((key.thumbprint().into(), verified))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::es256::{Signer as _, SoftwareKey};
    use crate::jws;
    use crate::random::SeededForTests;

    const AUTH: &str = "BTBZMqHH6r4Tts7J_aSIgg";

    fn key() -> SoftwareKey {
        SoftwareKey::generate(&SeededForTests::new(1)).unwrap()
    }

    fn point() -> String {
        bytes::encode(key().public_key().as_sec1())
    }

    #[test]
    fn endpoints_are_https_or_on_this_machine() {
        for good in [
            "https://push.example/abc?x=1",
            "https://push.example:8443/a",
            "http://127.0.0.1:80/up",
            "http://[::1]:9/up",
        ] {
            assert!(WakeTarget::web_push(good, &point(), AUTH).is_ok(), "{good}");
        }
        for bad in [
            "http://push.example/a",
            "http://192.168.1.2/a",
            "ftp://push.example/",
            "https://user@push.example/",
            "https://push.example/#a",
            "https://push.example/a b",
            "https:///a",
            "https://push.example:99999/",
            "https://localhost\\@push.example/",
            &format!("https://push.example/{}", "a".repeat(1024)),
        ] {
            let refused = WakeTarget::web_push(bad, &point(), AUTH);
            assert_eq!(refused, Err(WakeTargetError::Endpoint), "{bad}");
        }
    }

    #[test]
    fn keys_and_tokens_of_another_form_are_refused() {
        let at = "https://push.example/a";
        assert!(WakeTarget::web_push(at, &format!("{}=", point()), &format!("{AUTH}==")).is_ok(), "padding");
        for (p256dh, auth) in [(point(), "AAAA".to_owned()), ("AAAA".to_owned(), AUTH.to_owned())] {
            assert_eq!(WakeTarget::web_push(at, &p256dh, &auth), Err(WakeTargetError::Keys));
        }
        let off_curve = bytes::encode(&[4; 65]);
        assert_eq!(WakeTarget::web_push(at, &off_curve, AUTH), Err(WakeTargetError::Keys));
        for token in ["", "a\nb", &"a".repeat(4097)] {
            assert_eq!(WakeTarget::fcm(token), Err(WakeTargetError::Token));
        }
        assert!(WakeTarget::apns(&"AB".repeat(32), false).is_ok());
        for token in ["", "zz", &"a".repeat(202), "../../3/device/00000000"] {
            assert_eq!(WakeTarget::apns(token, false), Err(WakeTargetError::Token));
        }
    }

    #[test]
    fn digest_tells_targets_apart_and_debug_shows_none() {
        let targets = [
            WakeTarget::web_push("https://push.example/a", &point(), AUTH).unwrap(),
            WakeTarget::web_push("https://push.example/b", &point(), AUTH).unwrap(),
            WakeTarget::fcm("abcdefabcdefabcdef").unwrap(),
            WakeTarget::apns("abcdefabcdefabcdef", true).unwrap(),
            WakeTarget::apns("abcdefabcdefabcdef", false).unwrap(),
        ];
        for (n, a) in targets.iter().enumerate() {
            assert!(!format!("{a:?}").contains("abcdef"));
            assert!(!format!("{a:?}").contains("push.example"));
            assert!(targets.iter().skip(n + 1).all(|b| a.digest() != b.digest()));
        }
    }

    #[test]
    fn a_message_that_leaves_the_target_out_is_refused() {
        let claims = WakeClaims {
            aud: "wss://relay.example/v1/device".to_owned(),
            nonce: Nonce::from_bytes([7; 32]),
            jwk: key().public_key(),
            iat: 1,
            target: None,
        };
        let text = serde_json::to_string(&claims).unwrap();
        assert_eq!(serde_json::from_str::<WakeClaims>(&text).unwrap(), claims);
        let without = text.replace(r#","target":null"#, "");
        assert_ne!(without, text);
        assert!(serde_json::from_str::<WakeClaims>(&without).is_err());
    }

    #[test]
    fn the_signer_names_the_mailbox() {
        let claims = WakeClaims {
            aud: "wss://relay.example/v1/device".to_owned(),
            nonce: Nonce::from_bytes([7; 32]),
            jwk: key().public_key(),
            iat: 1,
            target: Some(WakeTarget::fcm("token").unwrap()),
        };
        let compact = jws::sign(&claims, &key()).unwrap();
        let received = Received::<WakeClaims>::parse(&compact).unwrap();
        let (mailbox, verified) = received.verify_self_certified().unwrap();
        assert_eq!(mailbox, key().public_key().thumbprint().into());
        assert_eq!(verified.claims(), &claims);
        let other = SoftwareKey::generate(&SeededForTests::new(2)).unwrap();
        let forged = jws::sign(&claims, &other).unwrap();
        let received = Received::<WakeClaims>::parse(&forged).unwrap();
        assert_eq!(received.verify_self_certified().unwrap_err(), JwsError::Signature);
    }
}
