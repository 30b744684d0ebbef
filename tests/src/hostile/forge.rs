//! Messages that no honest party would make, signed and sealed as well as a thief of the right key could.

use aes_gcm::aead::{Aead as _, KeyInit as _, Payload};
use aes_gcm::{Aes128Gcm, Aes256Gcm, Nonce};
use nod_protocol::bytes::{decode, encode};
use nod_protocol::es256::{Signer, agree_ephemeral};
use nod_protocol::{Digest, PublicKey, Random};

/// The order of P-256's group, big endian.
pub const ORDER: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc,
    0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
];

/// Signs any header over any payload.
#[must_use]
pub fn sign(header: &str, payload: &str, key: &dyn Signer) -> String {
    let input = format!("{}.{}", encode(header.as_bytes()), encode(payload.as_bytes()));
    let signature = key.sign(input.as_bytes()).unwrap();
    format!("{input}.{}", encode(signature.as_bytes()))
}

/// The header that an honest party writes.
#[must_use]
pub fn header(typ: &str) -> String {
    format!(r#"{{"alg":"ES256","typ":"{typ}"}}"#)
}

/// The three parts of a compact JWS.
#[must_use]
pub fn parts(compact: &str) -> [String; 3] {
    let parts: Vec<_> = compact.split('.').map(ToOwned::to_owned).collect();
    parts.try_into().unwrap()
}

/// The JSON of a compact JWS's payload.
#[must_use]
pub fn payload(compact: &str) -> String {
    let [_, payload, _] = parts(compact);
    String::from_utf8(decode(&payload).unwrap()).unwrap()
}

/// A signature in the DER form that other protocols use.
#[must_use]
pub fn der(raw: &[u8]) -> Vec<u8> {
    let integer = |bytes: &[u8]| {
        let bytes = &bytes[bytes.iter().take_while(|b| **b == 0).count()..];
        let lead: &[u8] = if bytes.first().is_some_and(|b| *b >= 0x80) { &[0] } else { &[] };
        [&[2, u8::try_from(lead.len() + bytes.len()).unwrap()], lead, bytes].concat()
    };
    let (r, s) = (integer(&raw[..32]), integer(&raw[32..]));
    [&[0x30, u8::try_from(r.len() + s.len()).unwrap()][..], &r, &s].concat()
}

/// How a forged JWE differs from an honest one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sealing {
    /// Not at all.
    Honest,
    /// Its header says `"zip":"DEF"`; what is inside is not compressed.
    Zip,
    /// It is sealed with A128GCM, and says so.
    A128Gcm,
    /// It says A128GCM and is sealed with A256GCM.
    MislabelledA128Gcm,
    /// Its header carries a `kid`.
    Kid,
    /// It says ECDH-ES+A256KW.
    KeyWrap,
    /// Its plaintext is not padded.
    Unpadded,
}

/// Seals `inner` to a key as [`Sealing`] says, with cryptography that works out for whoever believes the header.
#[must_use]
pub fn seal(inner: &str, to: &PublicKey, how: Sealing, random: &dyn Random) -> String {
    let (epk, shared) = agree_ephemeral(to, random).unwrap();
    let epk = serde_json::to_string(&epk).unwrap();
    let enc = match how {
        Sealing::A128Gcm | Sealing::MislabelledA128Gcm => "A128GCM",
        _ => "A256GCM",
    };
    let alg = if how == Sealing::KeyWrap { "ECDH-ES+A256KW" } else { "ECDH-ES" };
    let more = match how {
        Sealing::Zip => r#","zip":"DEF""#,
        Sealing::Kid => r#","kid":"1""#,
        _ => "",
    };
    let header = encode(format!(r#"{{"alg":"{alg}","enc":"{enc}","epk":{epk}{more}}}"#).as_bytes());
    let mut plain = inner.as_bytes().to_vec();
    if how != Sealing::Unpadded {
        plain.resize((plain.len() + 1).next_multiple_of(512), b' ');
    }
    let message = Payload { msg: &plain, aad: header.as_bytes() };
    let (iv, kdf) = ([9u8; 12], if how == Sealing::A128Gcm { ("A128GCM", 128u32) } else { ("A256GCM", 256) });
    let key = concat_kdf(shared.expose(), kdf);
    let sealed = if how == Sealing::A128Gcm {
        Aes128Gcm::new_from_slice(&key[..16]).unwrap().encrypt(&Nonce::from(iv), message)
    } else {
        Aes256Gcm::new_from_slice(&key).unwrap().encrypt(&Nonce::from(iv), message)
    }
    .unwrap();
    let (text, tag) = sealed.split_at(sealed.len() - 16);
    format!("{header}..{}.{}.{}", encode(&iv), encode(text), encode(tag))
}

fn concat_kdf(shared: &[u8; 32], (name, bits): (&str, u32)) -> [u8; 32] {
    let length = u32::try_from(name.len()).unwrap().to_be_bytes();
    let (one, none) = (1u32.to_be_bytes(), 0u32.to_be_bytes());
    let input: Vec<u8> =
        [&one[..], shared, &length, name.as_bytes(), &none, &none, &bits.to_be_bytes()].concat();
    *Digest::of(&input).as_bytes()
}

/// HMAC-SHA256 (RFC 2104), as a verifier that takes a public key for a shared secret would compute it.
#[must_use]
pub fn hmac(key: &[u8], message: &[u8]) -> [u8; 32] {
    let mut block = [0u8; 64];
    if key.len() > 64 {
        block[..32].copy_from_slice(Digest::of(key).as_bytes());
    } else {
        block[..key.len()].copy_from_slice(key);
    }
    let inner = Digest::of(&[&block.map(|b| b ^ 0x36)[..], message].concat());
    *Digest::of(&[&block.map(|b| b ^ 0x5c)[..], inner.as_bytes()].concat()).as_bytes()
}
