//! The places that letters are sent from: how many each channel has, and who may take them.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, PoisonError};

use nod_login::{Channel, Letter, UnixMillis};
use nod_protocol::{EnvelopeId, ServiceId};

use crate::store::letters::{LetterLook, Queue};

/// What is being sent now. Notices take half of a channel's places at most, so that codes need not wait for them, and one
/// service three quarters.
#[derive(Debug)]
pub(super) struct Places {
    mails: usize,
    messages: usize,
    held: Mutex<HashMap<EnvelopeId, (ServiceId, Queue)>>,
}

impl Places {
    pub(super) fn new(mails: usize, messages: usize) -> Self {
        Self { mails, messages, held: Mutex::default() }
    }

    /// What can be taken off a queue now; none while its places are full. The letters that are in flight are written down
    /// here, before the queue is read: one that is through with its attempt by then is not taken from an older view.
    pub(super) fn look(&self, queue: Queue, now: UnixMillis, after: Option<ServiceId>) -> Option<LetterLook> {
        let all = match queue.channel {
            Channel::Email => self.mails,
            Channel::Sms => self.messages,
        };
        let taken = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let here = || taken.iter().filter(|(_, (_, other))| other.channel == queue.channel);
        let mut most = all.saturating_sub(here().count());
        if !queue.codes {
            let notices = here().filter(|(_, (_, other))| !other.codes).count();
            most = most.min((all / 2).max(1).saturating_sub(notices));
        }
        let mut held = HashMap::new();
        for (_, (service, _)) in here() {
            let own: &mut usize = held.entry(*service).or_default();
            *own = own.saturating_add(1);
        }
        let share = (all.saturating_mul(3) / 4).max(1);
        let in_flight: HashSet<_> = taken.keys().copied().collect();
        (most > 0).then_some(LetterLook { queue, now, most, share, held, in_flight, after })
    }

    pub(super) fn take(&self, letter: &Letter) {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.insert(letter.id, (letter.service, Queue::of(letter)));
    }

    pub(super) fn release(&self, letter: &Letter) {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).remove(&letter.id);
    }

    pub(super) fn are_free(&self) -> bool {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }
}

#[cfg(test)]
mod tests {
    use nod_login::Change;

    use super::super::tests::letter;
    use super::*;

    const NOW: UnixMillis = UnixMillis(1_800_000_000_000);

    fn numbered(letter: Letter, n: u8, service: u8) -> Letter {
        let id = EnvelopeId::from_parts(NOW.0, &[n; 10]);
        Letter { id, service: ServiceId::from_bytes([service; 16]), ..letter }
    }

    fn codes(channel: Channel) -> Queue {
        Queue { channel, codes: true }
    }

    fn notices(channel: Channel) -> Queue {
        Queue { channel, codes: false }
    }

    #[test]
    fn notices_leave_half_of_the_places_and_one_service_a_quarter() {
        let places = Places::new(8, 4);
        let look = |queue| places.look(queue, NOW, None);
        let fresh = look(codes(Channel::Email)).unwrap();
        assert_eq!((fresh.most, fresh.share), (8, 6));
        assert_eq!(look(notices(Channel::Email)).unwrap().most, 4);
        for n in 0..4 {
            places.take(&numbered(letter::changed(NOW, Change::Suspended), n, 1));
        }
        assert!(look(notices(Channel::Email)).is_none(), "half of the places");
        let rest = look(codes(Channel::Email)).unwrap();
        assert_eq!((rest.most, rest.held.get(&ServiceId::from_bytes([1; 16]))), (4, Some(&4)));
        assert_eq!(look(notices(Channel::Sms)).unwrap().most, 2, "text messages have their own");
        for n in 4..8 {
            places.take(&numbered(letter::code(NOW), n, n));
        }
        assert!(look(codes(Channel::Email)).is_none());
        assert!(look(codes(Channel::Sms)).is_some());
    }

    #[test]
    fn a_letter_in_flight_when_the_queue_is_read_is_passed_over_even_if_it_is_done_then() {
        let places = Places::new(4, 4);
        let sent = numbered(letter::code(NOW), 1, 1);
        places.take(&sent);
        let look = places.look(codes(Channel::Email), NOW, None).unwrap();
        places.release(&sent);
        assert!(look.in_flight.contains(&sent.id));
        assert!(places.are_free());
        assert!(places.look(codes(Channel::Email), NOW, None).unwrap().in_flight.is_empty());
    }

    #[test]
    fn a_single_place_serves_notices_too() {
        let places = Places::new(1, 1);
        let look = places.look(notices(Channel::Email), NOW, None).unwrap();
        assert_eq!((look.most, look.share), (1, 1));
    }
}
