//! Any order of deliveries, decisions, waits and restarts.

use proptest::prelude::*;

use super::*;

#[derive(Debug, Clone)]
enum Act {
    New,
    Redeliver(prop::sample::Index),
    Approve(prop::sample::Index),
    Deny(prop::sample::Index),
    Receipt(prop::sample::Index),
    Wait(u8),
    Restart,
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let act = prop_oneof![
        3 => Just(Act::New),
        2 => any::<prop::sample::Index>().prop_map(Act::Redeliver),
        2 => any::<prop::sample::Index>().prop_map(Act::Approve),
        2 => any::<prop::sample::Index>().prop_map(Act::Deny),
        1 => any::<prop::sample::Index>().prop_map(Act::Receipt),
        1 => (0u8..30).prop_map(Act::Wait),
        1 => Just(Act::Restart),
    ];
    prop::collection::vec(act, 1..25)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Whatever a relay delivers again and whenever the phone restarts: one set of answer bytes per challenge, and
    /// every counter once.
    #[test]
    fn a_phone_never_says_two_things_about_one_challenge(acts in acts()) {
        let storage = MemoryStorage::default();
        let mut login = TestLogin::new(1);
        let mut phone = TestPhone::on(&storage);
        login.enrol(&phone);
        let mut asked: Vec<(ChallengeId, String)> = Vec::new();
        let mut said = std::collections::HashMap::<ChallengeId, String>::new();
        let mut counters = std::collections::HashMap::<u64, ChallengeId>::new();
        for act in acts {
            let pick = |at: prop::sample::Index, from: &[(ChallengeId, String)]| {
                (!from.is_empty()).then(|| from[at.index(from.len())].clone())
            };
            match act {
                Act::New => {
                    let claims = login.challenge();
                    let body = login.seal(&claims);
                    login.deliver(&phone, Challenge, body.clone());
                    asked.push((claims.jti, body));
                }
                Act::Redeliver(at) => if let Some((_, body)) = pick(at, &asked) {
                    login.deliver(&phone, Challenge, body);
                },
                Act::Approve(at) => if let Some((id, _)) = pick(at, &asked) {
                    let _ = phone.engine.decide(id, Decision::Approve, number("42"));
                },
                Act::Deny(at) => if let Some((id, _)) = pick(at, &asked) {
                    let _ = phone.engine.decide(id, Decision::Deny, None);
                },
                Act::Receipt(at) => if let Some((id, _)) = pick(at, &asked)
                    && let Some(answer) = said.get(&id)
                {
                    let receipt = login.receipt(answer, Outcome::Denied);
                    login.deliver(&phone, Receipt, jws::sign(&receipt, &login.key).unwrap());
                },
                Act::Wait(s) => {
                    phone.clock.advance(Duration::from_secs(s.into()));
                    phone.engine.expire().unwrap();
                }
                Act::Restart => phone = TestPhone::on(&storage),
            }
            for frame in phone.engine.outstanding(&login.relay).unwrap() {
                let answer = login.open_answer(body(&frame));
                let before = said.entry(answer.jti).or_insert_with(|| body(&frame).to_owned());
                prop_assert_eq!(before.as_str(), body(&frame));
                prop_assert_eq!(*counters.entry(answer.ctr).or_insert(answer.jti), answer.jti);
            }
        }
    }
}
