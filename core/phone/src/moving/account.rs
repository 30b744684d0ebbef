//! One account of a move: the new phone's keys, the old one's authorisation, the proof, and the login server's receipt.

use nod_protocol::jws::{self, Received, Verified};
use nod_protocol::messages::{
    DeviceKeys, MOVE_LIFE_S, MoveClaims, MoveProofClaims, MoveReceiptClaims, MoveRequest,
};
use nod_protocol::{BindingId, Digest, EnvelopeId, PublicKey, Random, ServiceId, move_seal, text};

use super::MoveError;
use super::wire::AccountItem;
use crate::keys::{KeyName, KeyPurpose, KeyStore, KeyStoreError, KeyUse, NamedSigner, fitting};
use crate::vault::{AccountRow, AuthorisationRow, KeyNames, MoveRow, OfferedKeys};

/// Seconds by which an authorisation is dated back, so that a login server's clock that is a little behind takes it.
const DATED_BACK_S: u64 = 30;

/// An account that the old phone announced and the new one is to make keys for.
pub(crate) struct Wanted {
    item: AccountItem,
    names: KeyNames,
    channel: PublicKey,
}

impl Wanted {
    /// Checks what will be shown, and names the keys. `channel` is the new phone's key at the account's relay.
    pub(crate) fn new(item: AccountItem, channel: PublicKey, random: &dyn Random) -> Result<Self, MoveError> {
        item.display.check().map_err(|_| MoveError::Protocol)?;
        text::check(&item.label, 128).map_err(|_| MoveError::Protocol)?;
        let names = KeyNames {
            approve: KeyName::fresh(KeyPurpose::Approve, random)?,
            deny: KeyName::fresh(KeyPurpose::Deny, random)?,
            enc: KeyName::fresh(KeyPurpose::Enc, random)?,
        };
        Ok(Self { item, names, channel })
    }

    /// The keys to make.
    pub(crate) fn keys(&self) -> [(KeyName, KeyPurpose); 3] {
        [
            (self.names.approve.clone(), KeyPurpose::Approve),
            (self.names.deny.clone(), KeyPurpose::Deny),
            (self.names.enc.clone(), KeyPurpose::Enc),
        ]
    }

    /// Makes the keys of this account alone, with the platform's attestation of the approve key where there is one.
    pub(crate) fn make(
        &self,
        keys: &dyn KeyStore,
        challenge: &Digest,
    ) -> Result<([PublicKey; 3], Option<String>), KeyStoreError> {
        let (approve, attestation) = keys.create_attested(&self.names.approve, challenge)?;
        let others = [(self.names.deny.clone(), KeyPurpose::Deny), (self.names.enc.clone(), KeyPurpose::Enc)];
        match keys.create_all(&others).map(<[PublicKey; 2]>::try_from) {
            Ok(Ok([deny, enc])) => Ok(([approve, deny, enc], fitting(attestation))),
            failed => {
                // Nothing refers to a key that could not be deleted; it is of no use to anyone.
                let _ = keys.delete(&self.names.approve);
                Err(failed.err().unwrap_or(KeyStoreError::Unavailable))
            }
        }
    }

    /// The account as it becomes, with the keys that were made for it.
    pub(crate) fn made(self, [approve, deny, enc]: [PublicKey; 3], now: u64) -> (AccountRow, DeviceKeys) {
        let Self { item, names, channel } = self;
        let account = AccountRow {
            id: item.bid,
            service: item.service,
            service_key: item.key,
            nkh: item.nkh,
            seq: item.seq,
            // What the old phone's user was asked and has not agreed to is asked again here.
            asked: None,
            display: item.display,
            label: item.label,
            relay: item.relay,
            mode: item.mode,
            // It has the keys of the generation to come; the receipt says which one that is.
            gen_: item.gen_,
            keys: names,
            ctr: 0,
            created: now,
        };
        (account, DeviceKeys { approve, deny, enc, channel })
    }

    /// The account that cannot be taken.
    pub(crate) fn into_item(self) -> AccountItem {
        self.item
    }
}

/// The old phone vouches for the new one's keys: `nod-move+jwt` by the approve key, for which the user is verified.
pub(crate) fn authorise(
    account: &AccountRow,
    offered: &OfferedKeys,
    row: &MoveRow,
    keys: &dyn KeyStore,
    random: &dyn Random,
    now: u64,
) -> Result<AuthorisationRow, MoveError> {
    let iat = (now / 1000).saturating_add_signed(row.clock_offset_s).saturating_sub(DATED_BACK_S);
    let claims = MoveClaims {
        iss: account.id,
        aud: account.service,
        gen_: account.gen_,
        mid: row.id,
        th: transcript(row).ok_or(MoveError::Protocol)?,
        keys: offered.keys.clone(),
        attestation: offered.attestation.clone(),
        device: row.peer.clone().ok_or(MoveError::Protocol)?,
        uv: keys.verifies_user(),
        iat,
        exp: iat + MOVE_LIFE_S,
    };
    let purpose = KeyUse::MoveAway { service: &account.display.name };
    let authorisation = sign(&claims, keys, &account.keys.approve, purpose)?;
    row_of(authorisation, account.gen_, random, now)
}

/// The new phone proves that it holds the keys that an authorisation names.
pub(crate) fn prove(
    authorisation: String,
    fresh: &AccountRow,
    row: &MoveRow,
    keys: &dyn KeyStore,
    random: &dyn Random,
    now: u64,
) -> Result<AuthorisationRow, MoveError> {
    // Only its content can be looked at: the key that signed it is known to the login server alone.
    let received = Received::<MoveClaims>::parse(&authorisation).map_err(|_| MoveError::Protocol)?;
    let claims = received.hint();
    let own = keys.public_key(&fresh.keys.approve)? == claims.keys.approve
        && keys.public_key(&fresh.keys.deny)? == claims.keys.deny
        && keys.public_key(&fresh.keys.enc)? == claims.keys.enc;
    let fits = claims.iss == fresh.id
        && claims.aud == fresh.service
        && claims.mid == row.id
        && Some(claims.th) == transcript(row);
    if !own || !fits {
        return Err(MoveError::Protocol);
    }
    let gen_ = claims.gen_;
    let mut made = row_of(authorisation, gen_, random, now)?;
    let proof = MoveProofClaims { iss: fresh.id, aud: fresh.service, h: made.h };
    let purpose = KeyUse::TakeOver { service: &fresh.display.name };
    made.proof = Some(sign(&proof, keys, &fresh.keys.approve, purpose)?);
    Ok(made)
}

/// Whether a proof is the one for an authorisation: nothing else is handed to a login server.
pub(crate) fn is_proof_of(authorisation: &AuthorisationRow, proof: &str, approve: &PublicKey) -> bool {
    let verified = Received::<MoveProofClaims>::parse(proof).and_then(|proof| proof.verify(approve));
    verified.is_ok_and(|proof| proof.claims().h == authorisation.h)
}

/// What is handed to the login server; none before there is a proof.
pub(crate) fn request(authorisation: &AuthorisationRow) -> Option<MoveRequest> {
    let proof = authorisation.proof.clone()?;
    Some(MoveRequest { authorisation: authorisation.authorisation.clone(), proof })
}

/// Whom a receipt claims to be about, for finding the authorisation. Decide nothing on it.
pub(crate) fn receipt_hint(body: &str) -> Option<(BindingId, Digest)> {
    let received = Received::<MoveReceiptClaims>::parse(body).ok()?;
    Some((received.hint().aud, received.hint().mh))
}

/// Checks a receipt: the pinned service's word on this very authorisation.
pub(crate) fn verify_receipt(
    body: &str,
    service: ServiceId,
    service_key: &PublicKey,
    binding: BindingId,
    h: &Digest,
) -> Option<MoveReceiptClaims> {
    let received = Received::<MoveReceiptClaims>::parse(body).ok()?;
    let claims = received.verify(service_key).map(Verified::into_claims).ok()?;
    (claims.iss == service && claims.aud == binding && claims.mh == *h).then_some(claims)
}

fn transcript(row: &MoveRow) -> Option<Digest> {
    Some(move_seal::transcript(&row.m1, row.m2.as_ref()?))
}

fn row_of(
    authorisation: String,
    gen_: u64,
    random: &dyn Random,
    now: u64,
) -> Result<AuthorisationRow, MoveError> {
    Ok(AuthorisationRow {
        h: jws::signed_digest(&authorisation).ok_or(MoveError::Protocol)?,
        gen_,
        authorisation,
        proof: None,
        proof_sent: false,
        envelope: EnvelopeId::new(now, random)?,
        settled: false,
        at: now,
    })
}

fn sign<C: jws::Claims>(
    claims: &C,
    keys: &dyn KeyStore,
    name: &KeyName,
    purpose: KeyUse<'_>,
) -> Result<String, MoveError> {
    let signer = NamedSigner::new(keys, name, purpose)?;
    jws::sign(claims, &signer).map_err(|_| MoveError::Key(signer.failure()))
}
