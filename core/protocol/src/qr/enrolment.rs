//! The text of an enrolment QR code (docs/protocol.md section 4, E0).

use zeroize::Zeroizing;

use super::{QrError, RelayAddress};
use crate::bytes::Secret;
use crate::ids::{EnrolmentId, Thumbprint};

/// What an enrolment QR code says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnrolmentQr {
    /// The relay that carries the enrolment.
    pub relay: RelayAddress,
    /// The enrolment.
    pub enrolment: EnrolmentId,
    /// The secret that only the screen with the QR code and the phone share.
    pub secret: Secret<32>,
    /// The pinned thumbprint of the service's key.
    pub service_key: Thumbprint,
}

impl EnrolmentQr {
    /// The text to draw. Holds the secret: wiped when dropped.
    #[must_use]
    pub fn to_text(&self) -> Zeroizing<String> {
        let relay = super::relay_text(&self.relay);
        let secret = self.secret.to_text();
        Zeroizing::new(format!(
            "nod:1/e?h={relay}&i={}&s={}&k={}",
            self.enrolment,
            secret.as_str(),
            self.service_key
        ))
    }

    /// Reads a scanned or pasted text; white space around it is ignored.
    ///
    /// # Errors
    /// [`QrError`] says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, QrError> {
        let [h, i, s, k] = super::parts(text, "1/e?", ["h", "i", "s", "k"])?;
        Ok(Self {
            relay: super::relay_of(h)?,
            enrolment: i.parse().map_err(|_| QrError::Malformed)?,
            secret: Secret::from_text(s).map_err(|_| QrError::Malformed)?,
            service_key: k.parse().map_err(|_| QrError::Malformed)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sample(relay: &str) -> EnrolmentQr {
        EnrolmentQr {
            relay: RelayAddress::parse(relay).unwrap(),
            enrolment: EnrolmentId::from_bytes([1; 16]),
            secret: Secret::from_bytes([2; 32]),
            service_key: Thumbprint::from_bytes([3; 32]),
        }
    }

    #[test]
    fn a_qr_text_round_trips() {
        for relay in [
            "relay.example",
            "relay.example:8443",
            "ws://127.0.0.1:7420",
            "ws://[::1]:80",
            "[2001:db8::1]:443",
        ] {
            let qr = sample(relay);
            assert_eq!(EnrolmentQr::parse(&format!(" {}\n", qr.to_text().as_str())), Ok(qr));
        }
    }

    #[test]
    fn a_plain_relay_elsewhere_is_refused() {
        assert_eq!(RelayAddress::parse("ws://relay.example"), Err(QrError::PlainRelay));
        assert_eq!(RelayAddress::parse("ws://127.0.0.1.example:80"), Err(QrError::PlainRelay));
    }

    #[test]
    fn missing_doubled_and_unknown_parts_are_refused() {
        let good = sample("relay.example").to_text().to_string();
        for (bad, why) in [
            (good.replace("&k=", "&k2="), QrError::Malformed),
            (format!("{good}&h=evil.example"), QrError::Malformed),
            (good.replace("i=", "i=A"), QrError::Malformed),
            (good.replace("relay.example", "user@relay.example"), QrError::Malformed),
            (good.replace("relay.example", "relay.example/path"), QrError::Malformed),
            (good.replace("nod:1/e", "nod:2/e"), QrError::UnknownKind),
            (good.replace("nod:", "https:"), QrError::NotNod),
        ] {
            assert_eq!(EnrolmentQr::parse(&bad), Err(why), "{bad}");
        }
    }

    #[test]
    fn the_secret_is_not_printed() {
        assert!(!format!("{:?}", sample("relay.example")).contains("AgIC"));
    }

    proptest! {
        #[test]
        fn any_text_is_refused_or_read_without_a_panic(text in "(nod:1/e\\?)?[ -~]{0,80}") {
            if let Ok(qr) = EnrolmentQr::parse(&text) {
                prop_assert_eq!(EnrolmentQr::parse(&qr.to_text()), Ok(qr));
            }
        }
    }
}
