//! What push services and phones check of a wake-up: its tokens, its encryption.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test's helper fails by panicking, with what was expected"
)]

use nod_protocol::bytes::{decode, decode_array};
use nod_protocol::es256::{Agreement as _, Signer as _, SoftwareKey};
use nod_protocol::{OsRandom, PublicKey, Signature, es256};
use ring::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use ring::hmac;
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use serde_json::Value;

/// Header and claims of a token that is signed by `key` with ES256.
#[must_use]
pub fn es256_token(token: &str, key: &PublicKey) -> (Value, Value) {
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let signature = Signature::from_bytes(decode_array(signature).unwrap());
    es256::verify(key, signed.as_bytes(), &signature).expect("the token's signature verifies");
    parts(signed, "ES256")
}

/// Header and claims of a token that is signed with RS256 by the key with this PKCS #1 public half.
#[must_use]
pub fn rs256_token(token: &str, public: &[u8]) -> (Value, Value) {
    let (signed, signature) = token.rsplit_once('.').unwrap();
    UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, public)
        .verify(signed.as_bytes(), &decode(signature).unwrap())
        .expect("the assertion's signature verifies");
    parts(signed, "RS256")
}

fn parts(signed: &str, alg: &str) -> (Value, Value) {
    let (header, claims) = signed.split_once('.').unwrap();
    let read = |part: &str| serde_json::from_slice::<Value>(&decode(part).unwrap()).unwrap();
    let (header, claims) = (read(header), read(claims));
    assert_eq!(header["alg"], alg);
    (header, claims)
}

/// The phone's half of a Web Push subscription.
pub struct Subscriber {
    key: SoftwareKey,
    auth: [u8; 16],
}

impl Default for Subscriber {
    fn default() -> Self {
        Self { key: SoftwareKey::generate(&OsRandom).unwrap(), auth: *b"sixteen bytes !!" }
    }
}

impl Subscriber {
    /// The public key as a subscription names it.
    #[must_use]
    pub fn p256dh(&self) -> String {
        nod_protocol::bytes::encode(self.key.public_key().as_sec1())
    }

    /// The authentication secret as a subscription names it.
    #[must_use]
    pub fn auth(&self) -> String {
        nod_protocol::bytes::encode(&self.auth)
    }

    /// Opens a message (RFC 8188 and RFC 8291), step by step as the RFCs write it.
    #[must_use]
    pub fn open(&self, body: &[u8]) -> Vec<u8> {
        let (salt, rest) = body.split_at(16);
        let (record_size, rest) = rest.split_at(4);
        assert!(u32::from_be_bytes(record_size.try_into().unwrap()) > 17);
        let (id_length, rest) = rest.split_first().unwrap();
        let (server_key, sealed) = rest.split_at(usize::from(*id_length));
        let shared = self.key.agree(&PublicKey::from_sec1(server_key).unwrap()).unwrap();
        let prk = mac(&self.auth, &[shared.expose()]);
        let own = self.key.public_key();
        let info = [b"WebPush: info\0".as_slice(), own.as_sec1(), server_key, &[1]];
        let input = mac(&prk, &info);
        let prk = mac(salt, &[&input]);
        let key = mac(&prk, &[b"Content-Encoding: aes128gcm\0", &[1]]);
        let nonce = mac(&prk, &[b"Content-Encoding: nonce\0", &[1]]);
        let key = LessSafeKey::new(UnboundKey::new(&AES_128_GCM, &key[..16]).unwrap());
        let nonce = Nonce::try_assume_unique_for_key(&nonce[..12]).unwrap();
        let mut sealed = sealed.to_vec();
        let plain = key.open_in_place(nonce, Aad::empty(), &mut sealed).expect("the message opens");
        let end = plain.iter().rposition(|byte| *byte != 0).unwrap();
        assert_eq!(plain[end], 2, "the delimiter of the last record");
        plain[..end].to_vec()
    }
}

fn mac(key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), &parts.concat()).as_ref().to_vec()
}
