//! Keys that a platform attests: what it is asked, and what is sent along.

use super::*;
use crate::keys::{KeyName, KeyPurpose, KeyStoreError, KeyUse, MAX_ATTESTATION};
use nod_protocol::{PublicKey, Secret, Signature};

/// The software store with a platform's word of this length, which repeats the challenge.
struct Attesting(Arc<SoftwareKeys>, usize);

impl KeyStore for Attesting {
    fn create(&self, name: &KeyName, purpose: KeyPurpose) -> Result<PublicKey, KeyStoreError> {
        self.0.create(name, purpose)
    }

    fn attests(&self) -> bool {
        true
    }

    fn create_attested(
        &self,
        name: &KeyName,
        challenge: &Digest,
    ) -> Result<(PublicKey, Option<String>), KeyStoreError> {
        let word = format!("test.{challenge}");
        Ok((self.0.create(name, KeyPurpose::Approve)?, Some(format!("{word:.<0$}", self.1))))
    }

    fn public_key(&self, name: &KeyName) -> Result<PublicKey, KeyStoreError> {
        self.0.public_key(name)
    }

    fn sign(&self, name: &KeyName, message: &[u8], purpose: KeyUse<'_>) -> Result<Signature, KeyStoreError> {
        self.0.sign(name, message, purpose)
    }

    fn agree(&self, name: &KeyName, peer: &PublicKey) -> Result<Secret<32>, KeyStoreError> {
        self.0.agree(name, peer)
    }

    fn delete(&self, name: &KeyName) -> Result<(), KeyStoreError> {
        self.0.delete(name)
    }
}

/// The attestation in the E1 of a phone whose platform says so much, and the enrolment's id.
fn attested(length: usize) -> (Option<String>, nod_protocol::EnrolmentId) {
    let login = TestLogin::new(1);
    let phone = TestPhone::with_keys(|keys| Arc::new(Attesting(keys, length)));
    let (id, _) = phone.engine.begin_enrolment(&login.qr.to_text()).unwrap();
    let sent = login.sent(&phone);
    let parts = nod_protocol::enrol_seal::open(&sent, login.qr.enrolment, &login.qr.secret).unwrap();
    let e1 = Received::<EnrolClaims>::parse(&parts.e1).unwrap();
    (e1.hint().attestation.clone(), id)
}

#[test]
fn an_enrolment_carries_the_platforms_word_on_the_approve_key_for_this_enrolment() {
    let (word, id) = attested(1000);
    let challenge = Digest::of(&[b"nod/attest/1".as_slice(), id.as_bytes()].concat());
    assert!(word.unwrap().starts_with(&format!("test.{challenge}")));
}

#[test]
fn an_attestation_that_fits_no_message_is_left_out() {
    assert!(attested(MAX_ATTESTATION).0.is_some());
    assert_eq!(attested(MAX_ATTESTATION + 1).0, None);
}
