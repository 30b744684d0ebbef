//! Moves from phone to phone: what happens, what must not, and what a crash may do.

use nod_protocol::frames::{Destination, DeviceFrame, RefusedReason};
use nod_protocol::jws;
use nod_protocol::messages::{MoveOutcome, MoveRequest};
use nod_protocol::qr::MoveQr;
use nod_protocol::{Digest, EnvelopeId, OsRandom};

use crate::event::Event;
use crate::moving::{Joining, MoveError};
use crate::testing::device;
use crate::testing::meeting::{Meeting, Side};
use crate::view::{MoveEnd, MoveStep, MovingState};

fn fresh() -> EnvelopeId {
    EnvelopeId::new(1, &OsRandom).unwrap()
}

fn wrong(code: &str) -> String {
    let other = (code.parse::<u32>().unwrap() + 1) % 1_000_000;
    format!("{other:06}")
}

#[test]
fn accounts_move_and_the_old_phone_has_nothing_left() {
    let mut meeting = Meeting::with(3);
    let code = meeting.join();
    meeting.old.engine.confirm_move(&code).unwrap();
    meeting.settle();
    for side in [Side::Old, Side::New] {
        let status = meeting.phone(side).engine.move_status().unwrap().unwrap();
        assert_eq!((status.moved(), status.accounts.len()), (3, 3), "{side:?}");
        assert_eq!(status.step, MoveStep::Ended(MoveEnd::Done), "{side:?}");
    }
    assert!(meeting.old.engine.accounts().unwrap().is_empty());
    assert!(meeting.old.engine.relays().unwrap().is_empty(), "its mailbox is given up");
    let keys = meeting.old.vault.read(|contents| contents.keys.len()).unwrap();
    assert_eq!(keys, 0, "its keys are deleted");
    // The new phone opens what is sealed to its keys and answers under the new generation.
    for login in &meeting.logins {
        let mut challenge = login.login.challenge();
        challenge.gen_ = login.gen_;
        let body = login.login.seal(&challenge);
        assert!(
            login
                .login
                .deliver(&meeting.new, nod_protocol::frames::EnvelopeKind::Challenge, body)
                .acknowledge
        );
    }
    assert_eq!(meeting.new.engine.pending().len(), 3);
}

#[test]
fn a_wrong_code_ends_the_move_and_nothing_has_left_the_old_phone() {
    let mut meeting = Meeting::with(1);
    let code = meeting.join();
    for no_guess in ["", "12345", "12345a", "1234567"] {
        assert_eq!(meeting.old.engine.confirm_move(no_guess), Err(MoveError::NotACode));
    }
    assert_eq!(meeting.old.engine.confirm_move(&wrong(&code)), Err(MoveError::WrongCode));
    // There is no second guess.
    assert_eq!(meeting.old.engine.confirm_move(&code), Err(MoveError::NotFound));
    meeting.reconnect(Side::Old);
    meeting.settle();
    assert_eq!(meeting.holders(0), (true, false));
    let told = meeting.new.engine.move_status().unwrap().unwrap();
    assert!(told.accounts.is_empty());
    assert_eq!(told.step, MoveStep::Ended(MoveEnd::Left));
}

#[test]
fn no_code_is_shown_before_the_old_phone_has_proven_itself() {
    let mut meeting = Meeting::with(1);
    let qr = meeting.offer();
    let (mid, _) = meeting.new.engine.join_move(&qr).unwrap();
    for forged in ["", "{}", "a.b.c"] {
        meeting.pass_on(Side::New, mid, fresh(), forged.to_owned());
    }
    // What the new phone itself sent, thrown back at it.
    let (_, frame) = meeting.next().unwrap();
    let DeviceFrame::Send { body, .. } = frame else { panic!("unexpected {frame:?}") };
    meeting.pass_on(Side::New, mid, fresh(), body);
    assert_eq!(meeting.new.engine.move_status().unwrap().unwrap().step, MoveStep::Joined);
}

#[test]
fn a_photographed_qr_code_used_by_a_second_phone_ends_the_offer() {
    let mut meeting = Meeting::with(1);
    let qr = meeting.offer();
    meeting.new.engine.join_move(&qr).unwrap();
    meeting.settle();
    let code = meeting.code();
    let second = Joining::scan(&qr, device(), &OsRandom, 0).unwrap();
    let (mid, body) = (second.id(), second.hello().unwrap().to_owned());
    meeting.pass_on(Side::Old, mid, fresh(), body);
    let ended = Event::MoveEnded { id: mid, error: Some(MoveError::SecondPhone) };
    assert!(meeting.events.contains(&(Side::Old, ended)));
    assert_eq!(meeting.old.engine.confirm_move(&code), Err(MoveError::NotFound));
}

#[test]
fn an_old_phone_that_asks_for_the_code_hears_that_the_new_one_has_given_up() {
    let mut meeting = Meeting::with(1);
    let code = meeting.join();
    let mid = meeting.new.engine.move_status().unwrap().unwrap().id;
    meeting.new.engine.cancel_move().unwrap();
    meeting.reconnect(Side::New);
    meeting.settle();
    let ended = Event::MoveEnded { id: mid, error: Some(MoveError::PeerLeft) };
    assert!(meeting.events.contains(&(Side::Old, ended)));
    assert_eq!(meeting.old.engine.confirm_move(&code), Err(MoveError::NotFound));
    assert_eq!(meeting.holders(0), (true, false));
}

#[test]
fn who_has_not_seen_the_qr_code_cannot_end_the_offer() {
    let mut meeting = Meeting::with(1);
    let code = meeting.join();
    let mid = meeting.old.engine.move_status().unwrap().unwrap().id;
    // The relay knows the move's id and can make a QR code of its own around it.
    let own =
        crate::moving::Offer::new(crate::testing::relay(), device(), &OsRandom, std::time::Duration::ZERO);
    let forged = MoveQr { id: mid, ..MoveQr::parse(&own.unwrap().qr()).unwrap() };
    let joining = Joining::scan(&forged.to_text(), device(), &OsRandom, 0).unwrap();
    meeting.pass_on(Side::Old, mid, fresh(), joining.hello().unwrap().to_owned());
    meeting.old.engine.confirm_move(&code).unwrap();
    meeting.settle();
    assert_eq!(meeting.holders(0), (false, true));
}

#[test]
fn an_offer_and_its_code_run_out() {
    let mut meeting = Meeting::with(1);
    meeting.offer();
    meeting.old.clock.advance(std::time::Duration::from_secs(121));
    let events = meeting.old.engine.expire().unwrap();
    assert!(matches!(events[..], [Event::MoveEnded { error: Some(MoveError::Expired), .. }]));
    let code = meeting.join();
    meeting.old.clock.advance(std::time::Duration::from_secs(121));
    assert_eq!(meeting.old.engine.confirm_move(&code), Err(MoveError::Expired));
    assert_eq!(meeting.holders(0), (true, false));
}

#[test]
fn messages_out_of_order_are_taken_in_order_and_doubled_ones_once() {
    let mut meeting = Meeting::with(30);
    let code = meeting.join();
    meeting.old.engine.confirm_move(&code).unwrap();
    // The relay delivers the old phone's messages last first, each twice.
    let mut frames = meeting.old.engine.outstanding(&crate::testing::relay()).unwrap();
    assert!(frames.len() > 1, "several messages");
    frames.reverse();
    for frame in frames.iter().chain(&frames) {
        let DeviceFrame::Send { id, to: Destination::Rendezvous(mid), body } = frame else { continue };
        meeting.pass_on(Side::New, *mid, *id, body.clone());
    }
    assert_eq!(meeting.new.engine.move_status().unwrap().unwrap().accounts.len(), 30);
    meeting.settle();
    assert_eq!(meeting.new.engine.accounts().unwrap().len(), 30);
}

#[test]
fn the_old_key_is_deleted_on_the_receipt_and_on_nothing_else() {
    let mut meeting = Meeting::with(1);
    meeting.logins[0].online = false;
    let code = meeting.join();
    meeting.old.engine.confirm_move(&code).unwrap();
    meeting.settle();
    let status = meeting.old.engine.move_status().unwrap().unwrap();
    assert_eq!(status.accounts[0].state, MovingState::Authorised);
    assert_eq!(meeting.holders(0), (true, false), "the login server is offline: the old phone is in force");
    // It is back: whichever phone asks again finishes the move.
    meeting.logins[0].online = true;
    meeting.reconnect(Side::Old);
    meeting.settle();
    assert_eq!(meeting.holders(0), (false, true));
}

#[test]
fn a_phone_whose_clock_is_a_day_off_moves_at_the_second_attempt() {
    for hours in [-24i64, 24] {
        let mut meeting = Meeting::with(2);
        for login in &mut meeting.logins {
            login.clock = login.clock.saturating_add_signed(hours * 3600);
        }
        let code = meeting.join();
        meeting.old.engine.confirm_move(&code).unwrap();
        meeting.settle();
        assert_eq!((meeting.holders(0), meeting.holders(1)), ((false, true), (false, true)), "{hours} hours");
    }
}

#[test]
fn a_refused_account_stays_and_the_others_move() {
    let mut meeting = Meeting::with(3);
    meeting.logins[1].refuses = true;
    let code = meeting.join();
    meeting.old.engine.confirm_move(&code).unwrap();
    meeting.settle();
    assert_eq!(meeting.holders(0), (false, true));
    assert_eq!(meeting.holders(1), (true, false));
    let status = meeting.old.engine.move_status().unwrap().unwrap();
    assert_eq!((status.moved(), status.accounts.len()), (2, 3));
    assert_eq!(status.step, MoveStep::Ended(MoveEnd::Done));
    // What stayed can move another time.
    meeting.logins[1].refuses = false;
    meeting.new = crate::testing::TestPhone::new();
    let code = meeting.join();
    meeting.old.engine.confirm_move(&code).unwrap();
    meeting.settle();
    assert_eq!(meeting.holders(1), (false, true));
}

#[test]
fn a_crash_at_any_step_on_either_side_leaves_exactly_one_phone_that_can_approve() {
    for side in [Side::Old, Side::New] {
        for crash_at in 0..60 {
            let mut meeting = Meeting::with(2);
            let code = meeting.join();
            meeting.old.engine.confirm_move(&code).unwrap();
            let mut steps = 0;
            while steps < crash_at && meeting.step().is_some() {
                steps += 1;
            }
            meeting.restart(side);
            meeting.settle();
            for at in 0..2 {
                assert_eq!(meeting.holders(at), (false, true), "{side:?} after {steps} steps");
            }
            if steps < crash_at {
                break;
            }
        }
    }
}

#[test]
fn a_rendezvous_that_another_phone_has_taken_ends_the_attempt_of_this_one() {
    let mut meeting = Meeting::with(1);
    let qr = meeting.offer();
    meeting.new.engine.join_move(&qr).unwrap();
    let (_, frame) = meeting.next().unwrap();
    let DeviceFrame::Send { id, .. } = frame else { panic!("unexpected {frame:?}") };
    let (again, events) = meeting.new.engine.refused(id, RefusedReason::Taken).unwrap();
    assert!(!again);
    assert!(matches!(
        events[..],
        [Event::MoveEnded { error: Some(MoveError::Refused(RefusedReason::Taken)), .. }]
    ));
}

#[test]
fn nothing_to_move_and_a_second_move_at_once_are_said() {
    let empty = Meeting::with(0);
    assert_eq!(empty.old.engine.offer_move(None), Err(MoveError::Nothing));
    let mut meeting = Meeting::with(1);
    let code = meeting.join();
    meeting.logins[0].online = false;
    meeting.old.engine.confirm_move(&code).unwrap();
    meeting.settle();
    assert_eq!(meeting.old.engine.offer_move(None), Err(MoveError::Busy));
    // A day later nobody waits for it any more, and what was not moved can be moved anew.
    for side in [Side::Old, Side::New] {
        meeting.phone(side).clock.advance(std::time::Duration::from_secs(25 * 3600));
        let ended = meeting.phone(side).engine.expire().unwrap();
        assert!(ended.iter().any(|event| matches!(event, Event::MoveEnded { .. })), "{side:?}");
    }
    meeting.logins[0].online = true;
    meeting.new = crate::testing::TestPhone::new();
    let code = meeting.join();
    meeting.old.engine.confirm_move(&code).unwrap();
    meeting.settle();
    assert!(!meeting.old.engine.has_word_for_other_phone().unwrap());
}

fn with_codes(phone: &crate::testing::TestPhone, count: usize) {
    for n in 0..count {
        let uri = format!("otpauth://totp/Service{n}:anna?secret=JBSWY3DPEHPK3PXP{}", "A".repeat(n % 7 * 8));
        phone.engine.add_code(&uri).unwrap();
    }
}

#[test]
fn one_time_codes_move_whole_and_the_old_phone_deletes_them_only_when_it_is_told_to() {
    let mut meeting = Meeting::with(1);
    with_codes(&meeting.old, 120);
    let code = meeting.join();
    meeting.old.engine.confirm_move(&code).unwrap();
    meeting.settle();
    let (old, new) = (&meeting.old.engine, &meeting.new.engine);
    let status = old.move_status().unwrap().unwrap();
    assert_eq!((status.codes, status.codes_arrived), (120, true));
    assert_eq!(new.codes().unwrap(), old.codes().unwrap());
    assert_eq!(old.delete_moved_codes(), Ok(120));
    assert!(old.codes().unwrap().is_empty());
    assert_eq!(new.codes().unwrap().len(), 120);
}

#[test]
fn a_phone_with_one_time_codes_alone_moves_them() {
    let mut meeting = Meeting::with(0);
    with_codes(&meeting.old, 3);
    assert_eq!(meeting.old.engine.offer_move(None), Err(MoveError::NoRelay));
    meeting.old.engine.offer_move(Some(crate::testing::relay())).unwrap();
    meeting.settle();
    let qr = meeting.old.engine.move_qr().unwrap().0;
    meeting.new.engine.join_move(&qr).unwrap();
    meeting.settle();
    let code = meeting.code();
    meeting.old.engine.confirm_move(&code).unwrap();
    meeting.settle();
    assert_eq!(meeting.new.engine.codes().unwrap().len(), 3);
    let keys = meeting.old.vault.read(|contents| contents.keys.len()).unwrap();
    assert_eq!(keys, 0, "no key is left behind at the relay where the phones met");
}

#[test]
fn a_part_of_the_codes_that_is_cut_or_put_elsewhere_stores_nothing() {
    let mut meeting = Meeting::with(0);
    with_codes(&meeting.old, 120);
    meeting.old.engine.offer_move(Some(crate::testing::relay())).unwrap();
    meeting.settle();
    let qr = meeting.old.engine.move_qr().unwrap().0;
    meeting.new.engine.join_move(&qr).unwrap();
    meeting.settle();
    let code = meeting.code();
    meeting.old.engine.confirm_move(&code).unwrap();
    let frames = meeting.old.engine.outstanding(&crate::testing::relay()).unwrap();
    assert!(frames.len() > 3, "accounts and several parts");
    // The relay keeps the second part back and delivers the others, the last one first.
    for (at, frame) in frames.iter().enumerate().rev() {
        let DeviceFrame::Send { id, to: Destination::Rendezvous(mid), body } = frame else { continue };
        if at != 2 {
            meeting.pass_on(Side::New, *mid, *id, body.clone());
        }
    }
    assert!(meeting.new.engine.codes().unwrap().is_empty());
    assert!(!meeting.old.engine.move_status().unwrap().unwrap().codes_arrived);
    assert_eq!(meeting.old.engine.delete_moved_codes(), Err(MoveError::NotFound));
    meeting.settle();
    assert_eq!(meeting.new.engine.codes().unwrap().len(), 120);
}

/// The authorisations that the old phone would hand in.
fn handed_in(meeting: &Meeting) -> Vec<Digest> {
    let frames = meeting.old.engine.outstanding(&crate::testing::relay()).unwrap();
    let bodies = frames.into_iter().filter_map(|frame| {
        let DeviceFrame::Send { to: Destination::Service(_), body, .. } = frame else { return None };
        Some(body)
    });
    bodies
        .map(|body| jws::signed_digest(&MoveRequest::parse(&body).unwrap().authorisation).unwrap())
        .collect()
}

#[test]
fn a_refusal_of_an_earlier_authorisation_does_not_delete_keys_that_may_be_in_force() {
    let mut meeting = Meeting::with(1);
    meeting.logins[0].online = false;
    let code = meeting.join();
    meeting.old.engine.confirm_move(&code).unwrap();
    meeting.settle();
    let first = handed_in(&meeting)[0];
    // The old phone hears that the first has expired, and authorises anew; the new phone does not hear it.
    let clock = meeting.logins[0].clock + 100;
    let expired = meeting.logins[0].receipt(first, MoveOutcome::Expired, 1, clock);
    meeting.deliver(Side::Old, &expired);
    meeting.settle();
    let second = handed_in(&meeting)[0];
    assert_ne!(first, second);
    // The second is committed, and the first, which the new phone handed in as well, is refused. That comes first.
    let refused = meeting.logins[0].receipt(first, MoveOutcome::Refused, 2, clock);
    meeting.deliver(Side::New, &refused);
    let moved = meeting.logins[0].receipt(second, MoveOutcome::Moved, 2, clock);
    meeting.deliver(Side::New, &moved);
    meeting.deliver(Side::Old, &moved);
    assert_eq!(meeting.holders(0), (false, true));
}

#[test]
fn a_receipt_that_is_not_the_services_or_for_another_authorisation_changes_nothing() {
    let mut meeting = Meeting::with(2);
    meeting.logins.iter_mut().for_each(|login| login.online = false);
    let code = meeting.join();
    meeting.old.engine.confirm_move(&code).unwrap();
    meeting.settle();
    let handed = handed_in(&meeting);
    let clock = meeting.logins[0].clock;
    let of = |at: usize, h, gen_| meeting.logins[at].receipt(h, MoveOutcome::Moved, gen_, clock);
    let own = of(0, handed[0], 2);
    let mut cut = own.clone();
    cut.body.pop();
    let forged = [of(1, handed[0], 2), of(0, Digest::of(b"another"), 2), of(0, handed[0], 1), cut];
    for forged in forged {
        for side in [Side::Old, Side::New] {
            meeting.deliver(side, &forged);
            assert_eq!(meeting.holders(0), (true, false));
        }
    }
    for side in [Side::Old, Side::New] {
        meeting.deliver(side, &own);
    }
    assert_eq!(meeting.holders(0), (false, true));
}
