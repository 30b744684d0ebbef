//! What a relay makes of the messages of a move: whatever it changes in them, swaps or makes up, the phones take a
//! message that the other phone sealed or none, show no code for another, and see no second phone where there is none.
//!
//! The first byte picks the message and who is given it; the rest are changes to it, or a text of their own.
#![no_main]

use std::cell::RefCell;
use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use nod_phone::moving::{AwaitingCode, Joining, MoveError, Offer};
use nod_protocol::messages::DeviceInfo;
use nod_protocol::move_seal::{self, Direction, MoveKeys, OfferKey};
use nod_protocol::qr::{MoveQr, RelayAddress};
use nod_protocol::random::SeededForTests;
use nod_protocol::{MoveId, Secret};

/// Messages that were sealed in either direction.
const LATER: u32 = 4;

/// Two phones at the steps where something comes from the relay. A step that refuses gives itself back.
struct Phones {
    /// Nobody has scanned yet; this is what a phone that has would send.
    offer: Option<Offer>,
    m1: String,
    /// One has, and another message comes.
    awaiting: AwaitingCode,
    taken: String,
    /// The new phone waits for the old one's proof.
    joining: Option<Joining>,
    m2: String,
    /// Everything after.
    keys: MoveKeys,
    id: MoveId,
    later: Vec<(Direction, u32, String, String)>,
}

fn device(name: &str) -> DeviceInfo {
    DeviceInfo { name: name.to_owned(), model: "Fuzzed".to_owned() }
}

fn offer(random: &SeededForTests) -> Offer {
    let relay = RelayAddress::parse("relay.example").unwrap();
    Offer::new(relay, device("Old"), random, Duration::ZERO).unwrap()
}

fn scan(offer: &Offer, random: &SeededForTests) -> (Joining, String) {
    let joining = Joining::scan(&offer.qr(), device("New"), random, 0).unwrap();
    let m1 = joining.hello().unwrap().to_owned();
    (joining, m1)
}

impl Phones {
    fn new() -> Self {
        let random = &SeededForTests::new(1);
        let waiting = offer(random);
        let (_, m1) = scan(&waiting, random);
        let shown = offer(random);
        let (joining, taken) = scan(&shown, random);
        let awaiting = shown.joined(&taken, random, Duration::ZERO, 0).unwrap();
        let m2 = awaiting.welcome().1.to_owned();
        // A channel whose keys are at hand.
        let key = OfferKey::generate(random).unwrap();
        let qr = MoveQr {
            relay: RelayAddress::parse("relay.example").unwrap(),
            id: MoveId::random(random).unwrap(),
            key: key.public_key(),
            psk: Secret::random(random).unwrap(),
        };
        let (first, keys) = move_seal::open_channel(&qr, "{}", random).unwrap();
        assert!(move_seal::accept_channel(&qr, &key, &first).is_ok());
        let mut later = Vec::new();
        for n in 1..=LATER {
            for way in [Direction::ToNew, Direction::ToOld] {
                let text = format!("{{\"t\":\"end\",\"n\":{n}}}");
                let body = move_seal::seal(&keys, qr.id, way, n, &text, random).unwrap();
                later.push((way, n, text, body));
            }
        }
        let (offer, joining) = (Some(waiting), Some(joining));
        Self { offer, m1, awaiting, taken, joining, m2, keys, id: qr.id, later }
    }

    /// A message that is really sent, by its number.
    fn genuine(&self, at: usize) -> &str {
        match at % (self.later.len() + 3) {
            0 => &self.m1,
            1 => &self.taken,
            2 => &self.m2,
            at => &self.later[at - 3].3,
        }
    }

    fn offered(&mut self, body: &str) {
        let random = &SeededForTests::new(2);
        match self.offer.take().unwrap().joined(body, random, Duration::ZERO, 0) {
            Ok(awaiting) => {
                assert!(same(body, &self.m1), "a first message that no phone sent was taken");
                assert_eq!(awaiting.peer(), &device("New"));
                *self = Self::new();
            }
            Err(refused) => {
                assert_ne!(body, self.m1, "the right first message was refused");
                assert!(matches!(refused.1, MoveError::NotForThisMove), "{:?}", refused.1);
                self.offer = Some(refused.0);
            }
        }
    }

    fn awaited(&self, body: &str) {
        // Whoever has not seen this QR code is no second phone.
        let second = self.awaiting.is_second_phone(body);
        assert!(!second || (body != self.taken && same(body, &self.taken)), "a second phone where there is none");
    }

    fn welcomed(&mut self, body: &str) {
        match self.joining.take().unwrap().welcomed(body) {
            Ok(shown) => {
                assert!(same(body, &self.m2), "a code is shown before the old phone has proven itself");
                assert_eq!(shown.peer(), Some(&device("Old")));
                *self = Self::new();
            }
            Err(refused) => {
                assert_ne!(body, self.m2, "the right answer was refused");
                self.joining = Some(refused.0);
            }
        }
    }

    fn later(&self, way: Direction, body: &str) {
        let known = self.later.iter().find(|(other, _, _, sealed)| *other == way && sealed == body);
        match move_seal::open(&self.keys, self.id, way, body) {
            Ok((n, text)) => {
                let sealed = |(other, number, plain, _): &&(Direction, u32, String, String)| {
                    *other == way && *number == n && plain == text.trim_end()
                };
                assert!(self.later.iter().any(|message| sealed(&message)), "a message that no phone sealed");
            }
            Err(_) => assert!(known.is_none(), "a message of the other phone was refused"),
        }
    }
}

/// Whether two texts are one JSON object, however it is written.
fn same(one: &str, other: &str) -> bool {
    let read = |text: &str| serde_json::from_str::<serde_json::Value>(text).ok();
    read(one).is_some_and(|value| Some(value) == read(other))
}

thread_local! {
    static PHONES: RefCell<Phones> = RefCell::new(Phones::new());
}

fuzz_target!(|data: &[u8]| {
    let Some((pick, rest)) = data.split_first() else { return };
    PHONES.with_borrow_mut(|phones| {
        let own = if pick & 0x80 != 0 { std::str::from_utf8(rest).ok().map(str::to_owned) } else { None };
        let body = own.or_else(|| {
            let mut body = phones.genuine(usize::from(pick >> 2 & 0x1f)).as_bytes().to_vec();
            for change in rest.chunks_exact(3) {
                let at = (usize::from(change[0]) << 8 | usize::from(change[1])) % body.len();
                body[at] = change[2] & 0x7f;
            }
            String::from_utf8(body).ok()
        });
        let Some(body) = body else { return };
        match pick & 3 {
            0 => phones.offered(&body),
            1 => phones.awaited(&body),
            2 => phones.welcomed(&body),
            _ => {
                phones.later(Direction::ToNew, &body);
                phones.later(Direction::ToOld, &body);
            }
        }
    });
});
