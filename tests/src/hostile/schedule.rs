//! The deeds of users, login servers and a hostile relay, and any sequence of them.

use nod_protocol::frames::{EnvelopeKind, GoneReason, RefusedReason};
use nod_protocol::messages::Decision;
use proptest::prelude::*;

/// One deed. Numbers pick out of what is there, whatever their size.
#[derive(Debug, Clone)]
pub enum Move {
    /// A login server asks a user (an entry of the accounts), with a session of its own or without.
    Ask(usize, bool),
    /// A login server asks again.
    Retry(usize),
    /// A login server withdraws a challenge.
    Cancel(usize),
    /// A user decides on what a phone shows, with the right number or another.
    Decide(usize, usize, Decision, bool),
    /// A login server revokes an account.
    Revoke(usize),
    /// A phone's process is killed and started again.
    Restart(usize),
    /// Time passes, in milliseconds.
    Wait(u64),
    /// A login server looks after what is due.
    Tick,
    /// The relay does what it should with what waits.
    Honest,
    /// It carries one parcel that waits.
    Deliver,
    /// It carries one message that waits.
    Forward,
    /// It drops what waits.
    Drop,
    /// It turns the order of what waits around.
    Reorder,
    /// It goes back to an earlier state and carries everything since then again.
    RollBack(usize, usize),
    /// It hands any parcel of any time to any phone.
    Misdeliver(usize, usize),
    /// It hands a parcel over as another kind, or as another service's.
    Relabel(usize, usize, EnvelopeKind, usize),
    /// It changes one character of a parcel.
    RewriteParcel(usize, usize, usize),
    /// It replays any message of any time, as from any phone, to any service.
    Misroute(usize, usize, usize),
    /// It changes one character of a message.
    RewriteMessage(usize, usize),
    /// It sends the other signature that is valid for the same answer.
    Twin(usize),
    /// It says that an envelope is gone.
    Gone(usize, usize, GoneReason),
    /// It says that an envelope was delivered.
    SayDelivered(usize),
    /// It says that a message was not taken.
    Refuse(usize, usize, RefusedReason),
}

/// Any schedule of up to `most` deeds.
pub fn schedule(most: usize) -> impl Strategy<Value = Vec<Move>> {
    let n = || any::<prop::sample::Index>().prop_map(|index| index.index(1 << 16));
    let phone = || 0..2usize;
    let decision =
        prop_oneof![4 => Just(Decision::Approve), 1 => Just(Decision::Deny), 1 => Just(Decision::Report)];
    let gone = prop::sample::select(vec![
        GoneReason::Superseded,
        GoneReason::Cancelled,
        GoneReason::Answered,
        GoneReason::Expired,
    ]);
    let kind = prop::sample::select(vec![
        EnvelopeKind::Enrolment,
        EnvelopeKind::Challenge,
        EnvelopeKind::Receipt,
        EnvelopeKind::Notice,
    ]);
    let refused = prop::sample::select(vec![RefusedReason::UnknownAddress, RefusedReason::QueueFull]);
    let one = prop_oneof![
        6 => (n(), any::<bool>()).prop_map(|(who, session)| Move::Ask(who, session)),
        2 => n().prop_map(Move::Retry),
        1 => n().prop_map(Move::Cancel),
        9 => (phone(), n(), decision, prop::bool::weighted(0.7))
            .prop_map(|(phone, which, decision, right)| Move::Decide(phone, which, decision, right)),
        1 => n().prop_map(Move::Revoke),
        1 => phone().prop_map(Move::Restart),
        2 => (0..20_000u64).prop_map(Move::Wait),
        1 => Just(Move::Tick),
        2 => Just(Move::Honest),
        6 => Just(Move::Deliver),
        6 => Just(Move::Forward),
        1 => Just(Move::Drop),
        2 => Just(Move::Reorder),
        2 => (n(), n()).prop_map(|(parcels, messages)| Move::RollBack(parcels, messages)),
        3 => (n(), phone()).prop_map(|(parcel, phone)| Move::Misdeliver(parcel, phone)),
        2 => (n(), phone(), kind, 0..2usize)
            .prop_map(|(parcel, phone, kind, service)| Move::Relabel(parcel, phone, kind, service)),
        2 => (n(), phone(), n()).prop_map(|(parcel, phone, at)| Move::RewriteParcel(parcel, phone, at)),
        4 => (n(), phone(), 0..3usize).prop_map(|(message, phone, site)| Move::Misroute(message, phone, site)),
        2 => (n(), n()).prop_map(|(message, at)| Move::RewriteMessage(message, at)),
        2 => n().prop_map(Move::Twin),
        1 => (n(), phone(), gone).prop_map(|(parcel, phone, reason)| Move::Gone(parcel, phone, reason)),
        2 => n().prop_map(Move::SayDelivered),
        1 => (n(), phone(), refused).prop_map(|(message, phone, reason)| Move::Refuse(message, phone, reason)),
    ];
    prop::collection::vec(one, 1..most)
}
