//! P-256 public keys and their JWK form (RFC 7517, RFC 7518 section 6.2) and thumbprint (RFC 7638).

use serde::{Deserialize, Serialize};

use crate::bytes::{self, Digest};
use crate::ids::Thumbprint;

/// The bytes are not a point on P-256 in uncompressed form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a P-256 public key")]
pub struct KeyError;

/// A P-256 public key: a point on the curve, checked when it was made.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct PublicKey([u8; 65]);

impl PublicKey {
    /// Takes an uncompressed SEC 1 point (`04 ‖ x ‖ y`).
    ///
    /// # Errors
    /// [`KeyError`] unless the point is on the curve.
    pub fn from_sec1(point: &[u8]) -> Result<Self, KeyError> {
        let bytes: [u8; 65] = point.try_into().map_err(|_| KeyError)?;
        if bytes.first() != Some(&4) {
            return Err(KeyError);
        }
        p256::PublicKey::from_sec1_bytes(&bytes).map_err(|_| KeyError)?;
        Ok(Self(bytes))
    }

    /// Takes back a point that was a `PublicKey` before (its [`Self::as_sec1`]), from one's own store or from the
    /// library that computed it. Only its form is checked: the curve's equation takes longer than reading a whole
    /// row, and both backends check it again whenever the key is used.
    ///
    /// # Errors
    /// [`KeyError`] unless it starts with `04`.
    pub fn from_own_sec1(point: [u8; 65]) -> Result<Self, KeyError> {
        if point.first() == Some(&4) { Ok(Self(point)) } else { Err(KeyError) }
    }

    /// The uncompressed SEC 1 point, 65 bytes.
    #[must_use]
    pub const fn as_sec1(&self) -> &[u8; 65] {
        &self.0
    }

    /// The thumbprint of the key's JWK (RFC 7638, SHA-256).
    #[must_use]
    pub fn thumbprint(&self) -> Thumbprint {
        let (x, y) = self.coordinates();
        let canonical = format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#);
        Thumbprint::from_bytes(*Digest::of(canonical.as_bytes()).as_bytes())
    }

    fn coordinates(&self) -> (String, String) {
        let (_, xy) = self.0.split_at(1);
        let (x, y) = xy.split_at(32);
        (bytes::encode(x), bytes::encode(y))
    }
}

impl std::fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PublicKey({})", self.thumbprint())
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Jwk {
    kty: String,
    crv: String,
    x: String,
    y: String,
}

impl Serialize for PublicKey {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (x, y) = self.coordinates();
        Jwk { kty: "EC".to_owned(), crv: "P-256".to_owned(), x, y }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for PublicKey {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::Error as _;
        let jwk = Jwk::deserialize(deserializer)?;
        if jwk.kty != "EC" || jwk.crv != "P-256" {
            return Err(D::Error::custom("not a P-256 JWK"));
        }
        let x: [u8; 32] = bytes::decode_array(&jwk.x).map_err(D::Error::custom)?;
        let y: [u8; 32] = bytes::decode_array(&jwk.y).map_err(D::Error::custom)?;
        let mut point = Vec::with_capacity(65);
        point.push(4);
        point.extend_from_slice(&x);
        point.extend_from_slice(&y);
        Self::from_sec1(&point).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The key of RFC 7515 appendix A.3.
    const RFC_KEY: &str = r#"{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#;

    #[test]
    fn a_jwk_round_trips() {
        let key: PublicKey = serde_json::from_str(RFC_KEY).unwrap();
        assert_eq!(serde_json::to_string(&key).unwrap(), RFC_KEY);
        assert_eq!(key.thumbprint().to_string(), "oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U");
    }

    #[test]
    fn a_point_off_the_curve_is_refused() {
        let bad = RFC_KEY.replace("f83OJ", "f83OK");
        assert!(serde_json::from_str::<PublicKey>(&bad).is_err());
        assert_eq!(PublicKey::from_sec1(&[0; 65]), Err(KeyError));
        assert_eq!(PublicKey::from_sec1(&[4; 64]), Err(KeyError));
    }

    #[test]
    fn a_stored_point_off_the_curve_is_refused_when_it_is_used() {
        let point = PublicKey::from_own_sec1([4; 65]).unwrap();
        let signature = crate::Signature::from_bytes([1; 64]);
        assert!(crate::es256::verify(&point, b"", &signature).is_err());
        assert!(crate::es256::agree_ephemeral(&point, &crate::random::SeededForTests::new(1)).is_err());
        assert_eq!(PublicKey::from_own_sec1([0; 65]), Err(KeyError));
    }

    #[test]
    fn a_private_or_foreign_jwk_is_refused() {
        for bad in [
            RFC_KEY.replace("\"kty\":\"EC\"", "\"kty\":\"EC\",\"d\":\"AA\""),
            RFC_KEY.replace("P-256", "P-384"),
            RFC_KEY.replace("\"EC\"", "\"OKP\""),
        ] {
            assert!(serde_json::from_str::<PublicKey>(&bad).is_err(), "{bad}");
        }
    }
}
