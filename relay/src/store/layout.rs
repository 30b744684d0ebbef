//! The keys of the domain's rows: one tag byte, then fixed-length parts, so that keys never need escaping.

use nod_login::UnixMillis;
use nod_protocol::bytes::Digest;
use nod_protocol::{BindingId, ChallengeId, EnrolmentId, EnvelopeId, MailboxId, MoveId, ServiceId};

/// What a key belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Tag {
    Service = b'S',
    ApiKey = b'K',
    Enrolment = b'e',
    Binding = b'b',
    BindingOfUser = b'u',
    Moved = b'o',
    Challenge = b'c',
    PendingOfUser = b'p',
    ChallengeOfEnvelope = b'v',
    Limits = b'l',
    Due = b'x',
    Ended = b'z',
    Mailbox = b'm',
    Posted = b'n',
    Link = b'k',
    Wish = b'y',
    Route = b'r',
    Inbox = b'i',
    InboxEnds = b'I',
    Sent = b'j',
    Kept = b'd',
    Webhook = b'w',
    Rendezvous = b'q',
    RendezvousOf = b'h',
    Carried = b'f',
    MoveTotals = b't',
    Wake = b'a',
    User = b'U',
    Fob = b'F',
    Letter = b'L',
    Activity = b'A',
    Portal = b'P',
    Operator = b'O',
    Console = b'C',
}

/// Joins a tag and parts.
pub(super) fn key(tag: Tag, parts: &[&[u8]]) -> Vec<u8> {
    let mut key = Vec::with_capacity(1 + parts.iter().map(|part| part.len()).sum::<usize>());
    key.push(tag as u8);
    for part in parts {
        key.extend_from_slice(part);
    }
    key
}

/// A user's name in a key: hashed, since it may be long.
pub(super) fn user(user: &str) -> Digest {
    Digest::of(user.as_bytes())
}

/// A time in a key, so that keys sort by it.
pub(super) const fn time(at: UnixMillis) -> [u8; 8] {
    at.0.to_be_bytes()
}

pub(super) fn service(service: ServiceId) -> Vec<u8> {
    key(Tag::Service, &[service.as_bytes()])
}

pub(super) fn enrolment(service: ServiceId, id: EnrolmentId) -> Vec<u8> {
    key(Tag::Enrolment, &[service.as_bytes(), id.as_bytes()])
}

pub(super) fn binding(service: ServiceId, id: BindingId) -> Vec<u8> {
    key(Tag::Binding, &[service.as_bytes(), id.as_bytes()])
}

pub(super) fn move_record(service: ServiceId, binding: BindingId, gen_: u64) -> Vec<u8> {
    key(Tag::Moved, &[service.as_bytes(), binding.as_bytes(), &gen_.to_be_bytes()])
}

pub(super) fn challenge(service: ServiceId, id: ChallengeId) -> Vec<u8> {
    key(Tag::Challenge, &[service.as_bytes(), id.as_bytes()])
}

pub(super) fn of_envelope(service: ServiceId, id: EnvelopeId) -> Vec<u8> {
    key(Tag::ChallengeOfEnvelope, &[service.as_bytes(), id.0.as_bytes()])
}

pub(super) fn limits(service: ServiceId, name: &str) -> Vec<u8> {
    key(Tag::Limits, &[service.as_bytes(), user(name).as_bytes()])
}

pub(super) fn user_row(service: ServiceId, name: &str) -> Vec<u8> {
    key(Tag::User, &[service.as_bytes(), user(name).as_bytes()])
}

/// Serial numbers are in the key as they are, since fobs are listed in their order; they are short.
pub(super) fn fob(service: ServiceId, serial: &str) -> Vec<u8> {
    key(Tag::Fob, &[service.as_bytes(), serial.as_bytes()])
}

pub(super) fn envelope(mailbox: MailboxId, id: EnvelopeId) -> Vec<u8> {
    key(Tag::Mailbox, &[mailbox.as_bytes(), id.0.as_bytes()])
}

pub(super) fn posted(service: ServiceId, id: EnvelopeId) -> Vec<u8> {
    key(Tag::Posted, &[service.as_bytes(), id.0.as_bytes()])
}

pub(super) fn link(mailbox: MailboxId, service: ServiceId) -> Vec<u8> {
    key(Tag::Link, &[mailbox.as_bytes(), service.as_bytes()])
}

pub(super) fn wish(mailbox: MailboxId, service: ServiceId) -> Vec<u8> {
    key(Tag::Wish, &[mailbox.as_bytes(), service.as_bytes()])
}

pub(super) fn wake(mailbox: MailboxId) -> Vec<u8> {
    key(Tag::Wake, &[mailbox.as_bytes()])
}

pub(super) fn rendezvous(id: MoveId) -> Vec<u8> {
    key(Tag::Rendezvous, &[id.as_bytes()])
}

pub(super) fn rendezvous_of(mailbox: MailboxId, id: MoveId) -> Vec<u8> {
    key(Tag::RendezvousOf, &[mailbox.as_bytes(), id.as_bytes()])
}

pub(super) fn carried(mailbox: MailboxId, rendezvous: MoveId, id: EnvelopeId) -> Vec<u8> {
    key(Tag::Carried, &[mailbox.as_bytes(), rendezvous.as_bytes(), id.0.as_bytes()])
}

pub(super) fn sent(mailbox: MailboxId, id: EnvelopeId) -> Vec<u8> {
    key(Tag::Sent, &[mailbox.as_bytes(), id.0.as_bytes()])
}

pub(super) fn route(id: EnrolmentId) -> Vec<u8> {
    key(Tag::Route, &[id.as_bytes()])
}

/// What a timed index entry points to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Timed {
    Enrolment(EnrolmentId),
    Challenge(ChallengeId),
}

/// An entry of the index `tag` ([`Tag::Due`] or [`Tag::Ended`]).
pub(super) fn timed(tag: Tag, service: ServiceId, at: UnixMillis, what: Timed) -> Vec<u8> {
    let (kind, id) = match what {
        Timed::Enrolment(id) => (b'e', *id.as_bytes()),
        Timed::Challenge(id) => (b'c', *id.as_bytes()),
    };
    key(tag, &[service.as_bytes(), &time(at), &[kind], &id])
}

/// Reads what an entry of a timed index points to.
pub(super) fn read_timed(key: &[u8]) -> Option<Timed> {
    let (kind, id) = key.split_at_checked(1 + ServiceId::LEN + 8)?.1.split_first()?;
    let id: [u8; 16] = id.try_into().ok()?;
    match kind {
        b'e' => Some(Timed::Enrolment(EnrolmentId::from_bytes(id))),
        b'c' => Some(Timed::Challenge(ChallengeId::from_bytes(id))),
        _ => None,
    }
}

/// The last `N` bytes of a key.
pub(super) fn tail<const N: usize>(key: &[u8]) -> Option<[u8; N]> {
    key.last_chunk::<N>().copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timed_entries_sort_by_time_and_read_back() {
        let service = ServiceId::from_bytes([1; 16]);
        let what = Timed::Challenge(ChallengeId::from_bytes([2; 16]));
        let early = timed(Tag::Due, service, UnixMillis(255), what);
        let late = timed(Tag::Due, service, UnixMillis(256), what);
        assert!(early < late);
        assert_eq!(read_timed(&late), Some(what));
    }
}
