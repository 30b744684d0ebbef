//! The end of a sign-in: the phone's answer, verified here with the phone's public key; or a code, which the relay checked.

use axum::Json;
use axum::http::StatusCode;
use nod_protocol::jws::{Claims as _, Received};
use nod_protocol::messages::{AnswerClaims, Decision};
use nod_protocol::{ChallengeId, PublicKey, ServiceId};
use serde::Serialize;

use super::Who;
use super::asked::Asked;
use super::relay_api::{ChallengeView, Device, Offer};
use crate::demo::problem::Problem;

/// A sign-in that a phone approved or a code allowed. Only [`SignedIn::verify`] makes one.
#[derive(Debug, Clone)]
pub(super) struct SignedIn {
    user: String,
    challenge: ChallengeId,
    approved_at: Option<u64>,
    method: Offer,
    mode: String,
    /// What the phone signed; none where the user typed a code.
    proof: Option<Proof>,
}

/// A phone's answer, verified.
#[derive(Debug, Clone)]
struct Proof {
    device: Device,
    answer: String,
    claims: AnswerClaims,
    key: PublicKey,
}

impl SignedIn {
    /// Checks what the relay gives as the result: the method and the level that were asked for; of a phone the signature
    /// under its key, and that it is an approval of this challenge, by this service's user, with the number that this
    /// page showed.
    ///
    /// # Errors
    /// [`Problem`] `not-verified` when any of it is otherwise; nobody is signed in then.
    pub(super) fn verify(
        user: &str,
        asked: &Asked,
        view: ChallengeView,
        service: ServiceId,
    ) -> Result<Self, Problem> {
        let method = view.method.clone().filter(|method| {
            // A weaker way does not become a stronger one between question and answer.
            method.kind == asked.method.kind && view.acr.as_deref() == Some(&*asked.method.acr)
        });
        let (Some(method), true) = (method, view.challenge_id == asked.id) else { return Err(bad()) };
        let (approved_at, mode) = (view.decided_at, view.mode.clone());
        let proof = if method.kind == "push" { Some(Proof::verify(asked, view, service)?) } else { None };
        Ok(Self { user: user.to_owned(), challenge: asked.id, approved_at, method, mode, proof })
    }
}

impl Proof {
    fn verify(asked: &Asked, view: ChallengeView, service: ServiceId) -> Result<Self, Problem> {
        let (Some(answer), Some(key), Some(device)) = (view.answer, view.answer_key, view.device) else {
            return Err(bad());
        };
        let received = Received::<AnswerClaims>::parse(&answer).map_err(|_| bad())?;
        let claims = received.verify(&key).map_err(|_| bad())?.into_claims();
        let number = claims.number.as_ref().map(nod_protocol::Number::expose);
        let right = claims.jti == asked.id
            && claims.aud == service
            && claims.iss == device.binding_id
            && claims.decision == Decision::Approve
            && number == asked.number.as_deref();
        if right { Ok(Self { device, answer, claims, key }) } else { Err(bad()) }
    }
}

fn bad() -> Problem {
    Problem::new(StatusCode::BAD_GATEWAY, "not-verified", "The answer does not verify")
}

/// What the page shows of it: header and claims in the order in which they were signed.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Document {
    user: String,
    challenge_id: ChallengeId,
    approved_at: Option<u64>,
    acr: String,
    method: Offer,
    mode: String,
    /// Whether this site verified a signature.
    verified: bool,
    #[serde(flatten)]
    proof: Option<Shown>,
}

#[derive(Debug, Clone, Serialize)]
struct Shown {
    device: Device,
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
        let SignedIn { user, challenge, approved_at, method, mode, proof } = signed_in.clone();
        let header = Header { alg: "ES256", typ: AnswerClaims::TYP };
        let proof =
            proof.map(|Proof { device, answer, claims, key }| Shown { device, answer, header, claims, key });
        Self {
            user,
            challenge_id: challenge,
            approved_at,
            acr: method.acr.clone(),
            method,
            mode,
            verified: proof.is_some(),
            proof,
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
        let started = json!({
            "challenge_id": id, "number": "42", "devices": 1, "method": { "kind": "push", "acr": "push-number" },
        });
        let started: super::super::relay_api::StartedChallenge = serde_json::from_value(started).unwrap();
        Case { claims, key: SoftwareKey::generate(&OsRandom).unwrap(), asked: started.into() }
    }

    impl Case {
        fn check(&self, claims: &AnswerClaims, key: &SoftwareKey) -> Result<SignedIn, Problem> {
            let signed = json!({
                "answer": jws::sign(claims, &self.key).unwrap(), "answer_key": key.public_key(),
                "device": { "binding_id": self.claims.iss, "name": "Phone", "model": "Browser" },
            });
            self.ends("push", "push-number", signed)
        }

        /// What the relay gives as the result.
        fn ends(&self, kind: &str, acr: &str, more: serde_json::Value) -> Result<SignedIn, Problem> {
            let mut view = json!({
                "challenge_id": self.asked.id, "state": "approved", "created_at": 1, "expires_at": 2, "window_s": 25,
                "mode": "managed", "decided_at": 2, "method": { "kind": kind, "acr": acr }, "acr": acr,
            });
            view.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
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

    #[test]
    fn a_code_signs_in_at_its_own_level_and_no_other() {
        let mut case = case();
        let email = json!({ "kind": "email", "acr": "email", "hint": "a•••@quillmere.example" });
        case.asked.method = serde_json::from_value(email).unwrap();
        let document = Document::from(&case.ends("email", "email", json!({})).unwrap());
        let document = serde_json::to_value(&document).unwrap();
        assert_eq!((&document["acr"], &document["verified"]), (&json!("email"), &json!(false)));
        assert!(document.get("answer").is_none() && document.get("device").is_none());
        for (kind, acr) in [("email", "otp"), ("totp", "otp"), ("push", "push-number")] {
            let refused = case.ends(kind, acr, json!({})).unwrap_err();
            assert_eq!(refused.slug(), "not-verified", "{kind} {acr}");
        }
    }

    #[test]
    fn a_push_without_the_phones_answer_signs_nobody_in() {
        let refused = case().ends("push", "push-number", json!({})).unwrap_err();
        assert_eq!(refused.slug(), "not-verified");
    }
}
