//! Fixed-size byte strings with one canonical text form: base64url without padding (RFC 4648 section 5).

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::Digest as _;
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::random::{Random, RandomError};

/// A text is not the canonical base64url form of the expected number of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not canonical base64url of the expected length")]
pub struct EncodingError;

/// Encodes `bytes` as base64url without padding.
#[must_use]
pub fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Decodes canonical base64url: no padding, no white space, no stray bits in the last character.
///
/// # Errors
/// [`EncodingError`] for every other text.
pub fn decode(text: &str) -> Result<Vec<u8>, EncodingError> {
    URL_SAFE_NO_PAD.decode(text).map_err(|_| EncodingError)
}

/// Decodes canonical base64url of exactly `N` bytes.
///
/// # Errors
/// [`EncodingError`] for every other text.
pub fn decode_array<const N: usize>(text: &str) -> Result<[u8; N], EncodingError> {
    let mut out = [0u8; N];
    // One byte more than fits is refused before anything is decoded.
    if text.len() != (N * 4).div_ceil(3) {
        return Err(EncodingError);
    }
    let n = URL_SAFE_NO_PAD.decode_slice(text, &mut out).map_err(|_| EncodingError)?;
    if n == N { Ok(out) } else { Err(EncodingError) }
}

/// Defines a public newtype over `[u8; N]` whose text, `Display` and JSON form is canonical base64url.
macro_rules! fixed_bytes {
    ($(#[$doc:meta])* $name:ident, $n:expr) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; $n]);

        impl $name {
            /// Length in bytes.
            pub const LEN: usize = $n;

            /// Wraps raw bytes.
            #[must_use]
            pub const fn from_bytes(bytes: [u8; $n]) -> Self {
                Self(bytes)
            }

            /// The raw bytes.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; $n] {
                &self.0
            }

            /// Draws a fresh random value.
            ///
            /// # Errors
            /// [`crate::RandomError`] when the source of randomness fails.
            pub fn random(random: &dyn $crate::random::Random) -> Result<Self, $crate::random::RandomError> {
                let mut bytes = [0u8; $n];
                random.fill(&mut bytes)?;
                Ok(Self(bytes))
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&$crate::bytes::encode(&self.0))
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::bytes::EncodingError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                $crate::bytes::decode_array(text).map(Self)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str> as serde::Deserialize>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}
pub(crate) use fixed_bytes;

fixed_bytes!(
    /// 32 random bytes that are used once (docs/protocol.md section 2). Public.
    Nonce,
    32
);
fixed_bytes!(
    /// A SHA-256 digest (FIPS 180-4).
    Digest,
    32
);
fixed_bytes!(
    /// An ES256 signature: r ‖ s, 32 bytes each (RFC 7518 section 3.4).
    Signature,
    64
);

impl Signature {
    /// The signature of a platform that speaks DER (RFC 3279 section 2.2.3), as Android Keystore and the Secure Enclave
    /// do. On the wire there is only r ‖ s.
    #[must_use]
    pub fn from_der(der: &[u8]) -> Option<Self> {
        let signature = p256::ecdsa::Signature::from_der(der).ok()?;
        Some(Self::from_bytes(signature.to_bytes().into()))
    }

    /// The same in DER; empty for bytes that are no signature at all (r or s of 0 or at least n).
    #[must_use]
    pub fn to_der(&self) -> Vec<u8> {
        p256::ecdsa::Signature::from_slice(self.as_bytes())
            .map(|signature| signature.to_der().as_bytes().to_vec())
            .unwrap_or_default()
    }
}

impl Digest {
    /// SHA-256 of `bytes`.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(sha2::Sha256::digest(bytes).into())
    }
}

/// `N` secret bytes: wiped when dropped, never printed, compared in constant time.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Secret<const N: usize>([u8; N]);

impl<const N: usize> Secret<N> {
    /// Takes raw bytes over.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; N]) -> Self {
        Self(bytes)
    }

    /// Shows the secret bytes to code that needs them.
    #[must_use]
    pub const fn expose(&self) -> &[u8; N] {
        &self.0
    }

    /// Draws a fresh secret.
    ///
    /// # Errors
    /// [`RandomError`] when the source of randomness fails.
    pub fn random(random: &dyn Random) -> Result<Self, RandomError> {
        let mut bytes = Self([0u8; N]);
        random.fill(&mut bytes.0)?;
        Ok(bytes)
    }

    /// The base64url text of the secret, wiped when dropped.
    #[must_use]
    pub fn to_text(&self) -> Zeroizing<String> {
        Zeroizing::new(encode(&self.0))
    }

    /// Reads the base64url text of a secret.
    ///
    /// # Errors
    /// [`EncodingError`] unless the text is canonical and `N` bytes long.
    pub fn from_text(text: &str) -> Result<Self, EncodingError> {
        decode_array(text).map(Self)
    }
}

impl<const N: usize> fmt::Debug for Secret<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl<const N: usize> PartialEq for Secret<N> {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl<const N: usize> Eq for Secret<N> {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_form_is_canonical_base64url() {
        let nonce = Nonce::from_bytes([0xfb; 32]);
        let text = nonce.to_string();
        assert_eq!(text.parse::<Nonce>(), Ok(nonce));
        assert!(!text.contains(['+', '/', '=']));
    }

    #[test]
    fn padding_white_space_and_stray_bits_are_refused() {
        let good = encode(&[0u8; 32]);
        for bad in
            [format!("{good}="), format!(" {good}"), format!("{}B", &good[..42]), good.replace('A', "+")]
        {
            assert_eq!(bad.parse::<Nonce>(), Err(EncodingError), "{bad}");
        }
        assert_eq!(decode("AB"), Err(EncodingError), "stray bits");
    }

    #[test]
    fn secrets_are_not_printed() {
        assert_eq!(format!("{:?}", Secret::from_bytes([7u8; 32])), "Secret(…)");
    }

    const fn wiped_on_drop<T: ZeroizeOnDrop>() {}
    const _: () = wiped_on_drop::<Secret<32>>();
}
