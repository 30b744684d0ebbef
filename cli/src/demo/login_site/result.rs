//! The end of a sign-in: the phone's answer, verified here with the phone's public key.

use axum::Json;
use axum::http::StatusCode;
use nod_protocol::jws::{Claims as _, Received};
use nod_protocol::messages::{AnswerClaims, Decision};
use nod_protocol::{ChallengeId, PublicKey, ServiceId};
use serde::Serialize;

use super::Who;
use super::push::Asked;
use super::relay_api::{ChallengeView, Device};
use crate::demo::problem::Problem;

/// A sign-in that the phone approved. Only [`SignedIn::verify`] makes one.
#[derive(Debug, Clone)]
pub(super) struct SignedIn {
    user: String,
    challenge: ChallengeId,
    approved_at: Option<u64>,
    device: Device,
    mode: String,
    answer: String,
    claims: AnswerClaims,
    key: PublicKey,
}

impl SignedIn {
    /// Checks what the relay gives as the answer: the signature under the phone's key, and that it is an approval of
    /// this challenge, by this service's user, with the number that this page showed.
    ///
    /// # Errors
    /// [`Problem`] `not-verified` when any of it is otherwise; nobody is signed in then.
    pub(super) fn verify(
        user: &str,
        asked: &Asked,
        view: ChallengeView,
        service: ServiceId,
    ) -> Result<Self, Problem> {
        let bad =
            || Problem::new(StatusCode::BAD_GATEWAY, "not-verified", "The phone's answer does not verify");
        let (Some(answer), Some(key), Some(device)) = (view.answer, view.answer_key, view.device) else {
            return Err(bad());
        };
        let received = Received::<AnswerClaims>::parse(&answer).map_err(|_| bad())?;
        let claims = received.verify(&key).map_err(|_| bad())?.into_claims();
        let number = claims.number.as_ref().map(nod_protocol::Number::expose);
        let right = view.challenge_id == asked.id
            && claims.jti == asked.id
            && claims.aud == service
            && claims.iss == device.binding_id
            && claims.decision == Decision::Approve
            && number == asked.number.as_deref();
        if !right {
            return Err(bad());
        }
        Ok(Self {
            user: user.to_owned(),
            challenge: asked.id,
            approved_at: view.decided_at,
            device,
            mode: view.mode,
            answer,
            claims,
            key,
        })
    }
}

/// What the page shows of it: header and claims in the order in which they were signed.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Document {
    user: String,
    challenge_id: ChallengeId,
    approved_at: Option<u64>,
    device: Device,
    verified: bool,
    mode: String,
    answer: String,
    header: Header,
    claims: AnswerClaims,
    key: PublicKey,
}

/// The only header that a verified answer can have.
#[derive(Debug, Clone, Serialize)]
struct Header {
    alg: &'static str,
    typ: &'static str,
}

impl From<&SignedIn> for Document {
    fn from(signed_in: &SignedIn) -> Self {
        let SignedIn { user, challenge, approved_at, device, mode, answer, claims, key } = signed_in.clone();
        let header = Header { alg: "ES256", typ: AnswerClaims::TYP };
        Self {
            user,
            challenge_id: challenge,
            approved_at,
            device,
            verified: true,
            mode,
            answer,
            header,
            claims,
            key,
        }
    }
}

/// How this session was signed in.
pub(super) async fn get(who: Who) -> Result<Json<Document>, Problem> {
    let facts = who.0.facts();
    facts.signed_in.as_ref().map(|signed_in| Json(signed_in.into())).ok_or_else(Problem::not_allowed)
}

#[cfg(test)]
mod tests {
    use nod_protocol::es256::{Signer as _, SoftwareKey};
    use nod_protocol::{BindingId, Digest, Nonce, Number, OsRandom, jws};
    use serde_json::json;

    use super::*;

    struct Case {
        claims: AnswerClaims,
        key: SoftwareKey,
        asked: Asked,
    }

    fn case() -> Case {
        let id = ChallengeId::random(&OsRandom).unwrap();
        let claims = AnswerClaims {
            iss: BindingId::random(&OsRandom).unwrap(),
            aud: ServiceId::random(&OsRandom).unwrap(),
            jti: id,
            nonce: Nonce::random(&OsRandom).unwrap(),
            ch: Digest::of(b"challenge"),
            decision: Decision::Approve,
            number: Some(Number::parse("42").unwrap()),
            gen_: 1,
            ctr: 1,
            uv: false,
            iat: 1,
        };
        let started = json!({ "challenge_id": id, "number": "42", "devices": 1 });
        let started: super::super::relay_api::StartedChallenge = serde_json::from_value(started).unwrap();
        Case { claims, key: SoftwareKey::generate(&OsRandom).unwrap(), asked: started.into() }
    }

    impl Case {
        fn check(&self, claims: &AnswerClaims, key: &SoftwareKey) -> Result<SignedIn, Problem> {
            let view = json!({
                "challenge_id": self.asked.id, "state": "approved", "created_at": 1, "expires_at": 2, "window_s": 25,
                "mode": "managed", "decided_at": 2, "answer": jws::sign(claims, &self.key).unwrap(),
                "answer_key": key.public_key(),
                "device": { "binding_id": self.claims.iss, "name": "Phone", "model": "Browser" },
            });
            SignedIn::verify("anna", &self.asked, serde_json::from_value(view).unwrap(), self.claims.aud)
        }
    }

    #[test]
    fn the_phones_approval_signs_in_and_is_shown_as_it_was_signed() {
        let case = case();
        let document = Document::from(&case.check(&case.claims, &case.key).unwrap());
        let text = serde_json::to_string(&document).unwrap();
        assert!(text.contains(r#""claims":{"iss":"#), "the order of the signed claims: {text}");
        let document = serde_json::to_value(&document).unwrap();
        assert_eq!(document["claims"]["decision"], "approve");
        assert_eq!(document["verified"], true);
        assert_eq!(document["header"]["typ"], "nod-answer+jwt");
    }

    #[test]
    fn an_answer_under_another_key_signs_nobody_in() {
        let case = case();
        assert!(case.check(&case.claims, &SoftwareKey::generate(&OsRandom).unwrap()).is_err());
    }

    #[test]
    fn an_answer_that_says_anything_else_signs_nobody_in() {
        let case = case();
        type Change = fn(&mut AnswerClaims);
        let changes: [(&str, Change); 6] = [
            ("a denial", |c| c.decision = Decision::Deny),
            ("another challenge", |c| c.jti = ChallengeId::random(&OsRandom).unwrap()),
            ("another service", |c| c.aud = ServiceId::random(&OsRandom).unwrap()),
            ("another binding", |c| c.iss = BindingId::random(&OsRandom).unwrap()),
            ("another number", |c| c.number = Some(Number::parse("43").unwrap())),
            ("no number", |c| c.number = None),
        ];
        for (what, change) in changes {
            let mut claims = case.claims.clone();
            change(&mut claims);
            assert_eq!(case.check(&claims, &case.key).unwrap_err().slug(), "not-verified", "{what}");
        }
    }
}
