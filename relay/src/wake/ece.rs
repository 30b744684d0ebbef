//! The encryption of a Web Push message: aes128gcm with one record (RFC 8188, RFC 8291).

use nod_protocol::PublicKey;
use nod_protocol::es256::{Agreement as _, Signer as _, SoftwareKey};
use ring::aead::{AES_128_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::hkdf::{HKDF_SHA256, KeyType, Prk, Salt};
use zeroize::Zeroizing;

/// Bytes of the salt.
pub(super) const SALT: usize = 16;

/// The record size that the header names; the one record is far shorter.
const RECORD: u32 = 4096;

/// After the text of the last record.
const LAST: u8 = 2;

/// A message could not be sealed: the library refused, which it does for no message of this size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the message could not be encrypted")]
pub(super) struct EceError;

/// Seals `plain` to a subscription: its key, its authentication secret; a fresh salt and key for each message.
pub(super) fn seal(
    subscriber: &PublicKey,
    auth: &[u8; 16],
    salt: &[u8; SALT],
    own: &SoftwareKey,
    plain: &[u8],
) -> Result<Vec<u8>, EceError> {
    let own_public = own.public_key();
    let shared = own.agree(subscriber).map_err(|_| EceError)?;
    let by_auth = Salt::new(HKDF_SHA256, auth).extract(shared.expose());
    let info = [b"WebPush: info\0".as_slice(), subscriber.as_sec1(), own_public.as_sec1()];
    let input = expand::<32>(&by_auth, &info)?;
    let by_salt = Salt::new(HKDF_SHA256, salt).extract(input.as_slice());
    let key = expand::<16>(&by_salt, &[b"Content-Encoding: aes128gcm\0"])?;
    let nonce = expand::<NONCE_LEN>(&by_salt, &[b"Content-Encoding: nonce\0"])?;

    let mut record = [plain, &[LAST]].concat();
    let key = UnboundKey::new(&AES_128_GCM, key.as_slice()).map_err(|_| EceError)?;
    LessSafeKey::new(key)
        .seal_in_place_append_tag(Nonce::assume_unique_for_key(*nonce), Aad::empty(), &mut record)
        .map_err(|_| EceError)?;
    let id = own_public.as_sec1();
    let id_length = u8::try_from(id.len()).map_err(|_| EceError)?;
    Ok([salt.as_slice(), &RECORD.to_be_bytes(), &[id_length], id, &record].concat())
}

struct Length(usize);

impl KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

fn expand<const N: usize>(prk: &Prk, info: &[&[u8]]) -> Result<Zeroizing<[u8; N]>, EceError> {
    let mut out = Zeroizing::new([0; N]);
    let expanded = prk.expand(info, Length(N)).map_err(|_| EceError)?;
    expanded.fill(out.as_mut_slice()).map_err(|_| EceError)?;
    Ok(out)
}

#[cfg(test)]
mod tests {
    use nod_protocol::Secret;
    use nod_protocol::bytes::{decode, decode_array, encode};

    use super::*;

    #[test]
    fn the_example_of_rfc_8291_comes_out_byte_for_byte() {
        let own = Secret::from_bytes(decode_array("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw").unwrap());
        let subscriber =
            decode("BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4");
        let sealed = seal(
            &PublicKey::from_sec1(&subscriber.unwrap()).unwrap(),
            &decode_array("BTBZMqHH6r4Tts7J_aSIgg").unwrap(),
            &decode_array("DGv6ra1nlYgDCS1FRnbzlw").unwrap(),
            &SoftwareKey::from_scalar(own).unwrap(),
            b"When I grow up, I want to be a watermelon",
        );
        assert_eq!(
            encode(&sealed.unwrap()),
            "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6Tlz\
             AC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
        );
    }
}
