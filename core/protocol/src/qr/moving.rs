//! The text of the QR code that an old phone shows to a new one (docs/protocol.md section 6).

use zeroize::Zeroizing;

use super::{QrError, RelayAddress};
use crate::bytes::{self, Secret};
use crate::ids::MoveId;
use crate::jwk::PublicKey;

/// What the QR code of a move says. Whoever photographs it learns the pre-shared key, but not what opens the channel:
/// that is the private half of `key`, which never leaves the old phone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MoveQr {
    /// The relay where the two phones meet.
    pub relay: RelayAddress,
    /// The move, which names the rendezvous.
    pub id: MoveId,
    /// The old phone's ephemeral key (HPKE, RFC 9180).
    pub key: PublicKey,
    /// The pre-shared key of the HPKE context.
    pub psk: Secret<32>,
}

impl MoveQr {
    /// The text to draw, about 200 characters. Holds the pre-shared key: wiped when dropped.
    #[must_use]
    pub fn to_text(&self) -> Zeroizing<String> {
        let relay = super::relay_text(&self.relay);
        let key = bytes::encode(self.key.as_sec1());
        let psk = self.psk.to_text();
        Zeroizing::new(format!("nod:1/m?h={relay}&i={}&p={key}&s={}", self.id, psk.as_str()))
    }

    /// Reads a scanned or pasted text; white space around it is ignored.
    ///
    /// # Errors
    /// [`QrError`] says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, QrError> {
        let [h, i, p, s] = super::parts(text, "1/m?", ["h", "i", "p", "s"])?;
        let point: [u8; 65] = bytes::decode_array(p).map_err(|_| QrError::Malformed)?;
        Ok(Self {
            relay: super::relay_of(h)?,
            id: i.parse().map_err(|_| QrError::Malformed)?,
            key: PublicKey::from_sec1(&point).map_err(|_| QrError::Malformed)?,
            psk: Secret::from_text(s).map_err(|_| QrError::Malformed)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::es256::{Signer as _, SoftwareKey};
    use crate::random::SeededForTests;

    fn sample(relay: &str) -> MoveQr {
        MoveQr {
            relay: RelayAddress::parse(relay).unwrap(),
            id: MoveId::from_bytes([1; 16]),
            key: SoftwareKey::generate(&SeededForTests::new(1)).unwrap().public_key(),
            psk: Secret::from_bytes([2; 32]),
        }
    }

    #[test]
    fn a_move_qr_text_round_trips() {
        for relay in ["relay.example", "relay.example:8443", "ws://127.0.0.1:7420", "[2001:db8::1]:443"] {
            let qr = sample(relay);
            assert_eq!(MoveQr::parse(&format!(" {}\n", qr.to_text().as_str())), Ok(qr));
        }
    }

    #[test]
    fn an_enrolment_qr_is_of_another_kind_and_damage_is_refused() {
        let good = sample("relay.example").to_text().to_string();
        for (bad, why) in [
            (good.replace("nod:1/m", "nod:1/e"), QrError::UnknownKind),
            (good.replace("&p=B", "&p=A"), QrError::Malformed),
            (format!("{good}&s=AA"), QrError::Malformed),
            (good.replace("&i=", "&x="), QrError::Malformed),
            (good.replace("nod:", "https:"), QrError::NotNod),
        ] {
            assert_eq!(MoveQr::parse(&bad), Err(why), "{bad}");
        }
    }

    #[test]
    fn the_pre_shared_key_is_not_printed() {
        assert!(!format!("{:?}", sample("relay.example")).contains("AgIC"));
    }
}
