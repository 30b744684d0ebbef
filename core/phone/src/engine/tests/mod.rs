//! The flows as a login server and a hostile relay see them.

mod accounts;
mod answers;
mod any_order;
mod attested;
mod challenges;
mod codes;
mod enrolment;
mod handed_over;
mod moving;
mod rotation;

use std::sync::Arc;
use std::time::Duration;

use nod_protocol::es256::SoftwareKey;
use nod_protocol::frames::{DeviceFrame, EnvelopeKind, GoneReason, RefusedReason};
use nod_protocol::jws::{self, Received};
use nod_protocol::messages::*;
use nod_protocol::random::SeededForTests;
use nod_protocol::{ChallengeId, Digest, Nonce, Number, ServiceId};

use crate::answer::AnswerError;
use crate::engine::{EnrolmentProgress, Handled};
use crate::enrol::EnrolError;
use crate::event::{Event, RemovedReason};
use crate::keys::{KeyStore, SoftwareKeys};
use crate::testing::{MemoryStorage, TestLogin, TestPhone};
use crate::view::HistoryEnd;

use EnvelopeKind::{Challenge, Enrolment, Notice, Receipt};

fn enrolled() -> (TestLogin, TestPhone) {
    let (mut login, phone) = (TestLogin::new(1), TestPhone::new());
    login.enrol(&phone);
    (login, phone)
}

fn number(text: &str) -> Option<Number> {
    Some(Number::parse(text).unwrap())
}

/// Delivers a challenge and gives its id.
fn ask(login: &TestLogin, phone: &TestPhone, claims: &ChallengeClaims) -> ChallengeId {
    let handled = login.deliver(phone, Challenge, login.seal(claims));
    assert_eq!(handled.events, [Event::Challenge { id: claims.jti }]);
    assert!(handled.acknowledge);
    claims.jti
}

fn refused(handled: &Handled) -> bool {
    !handled.acknowledge && handled.events.is_empty()
}

fn body(frame: &DeviceFrame) -> &str {
    let DeviceFrame::Send { body, .. } = frame else { panic!("unexpected {frame:?}") };
    body
}
