//! The old phone until the right code was typed: [`Offer`] → [`AwaitingCode`] → [`Confirmed`].
//!
//! All of it is in memory only: a phone that stops here has lost nothing but the QR code on its screen.

use std::time::Duration;

use nod_protocol::messages::DeviceInfo;
use nod_protocol::move_seal::{self, Direction, MoveKeys, OfferKey};
use nod_protocol::qr::{MoveQr, RelayAddress};
use nod_protocol::{CheckCode, Digest, EnvelopeId, MoveId, Random, Secret};
use zeroize::Zeroizing;

use super::MoveError;
use super::channel::{Taken, open};
use super::wire::Message;
use crate::vault::{MoveRow, MoveStage, MovingCodesRow, OutRow};
use crate::view::{MoveEnd, MoveRole};

/// How long the QR code is good, and how long the code may then be typed.
pub const OFFER_LIFE: Duration = Duration::from_secs(120);

/// A QR code on the old phone's screen. Make one only after the user was verified.
#[derive(Debug)]
pub struct Offer {
    qr: MoveQr,
    key: OfferKey,
    device: DeviceInfo,
    until: Duration,
}

impl Offer {
    /// A fresh offer. `now` is the phone's monotonic clock.
    ///
    /// # Errors
    /// [`MoveError::Random`].
    pub fn new(
        relay: RelayAddress,
        device: DeviceInfo,
        random: &dyn Random,
        now: Duration,
    ) -> Result<Self, MoveError> {
        let key = OfferKey::generate(random)?;
        let qr = MoveQr {
            relay,
            id: MoveId::random(random)?,
            key: key.public_key(),
            psk: Secret::random(random)?,
        };
        Ok(Self { qr, key, device, until: now.saturating_add(OFFER_LIFE) })
    }

    /// The text of the QR code. Show it, and let no screenshot be taken of it.
    #[must_use]
    pub fn qr(&self) -> Zeroizing<String> {
        self.qr.to_text()
    }

    /// The move.
    #[must_use]
    pub const fn id(&self) -> MoveId {
        self.qr.id
    }

    /// The relay where the phones meet.
    #[must_use]
    pub const fn relay(&self) -> &RelayAddress {
        &self.qr.relay
    }

    /// When it ends, by the monotonic clock.
    #[must_use]
    pub const fn until(&self) -> Duration {
        self.until
    }

    /// Takes the first message of the phone that scanned the QR code.
    ///
    /// # Errors
    /// The offer back, with [`MoveError::NotForThisMove`] for what was not sealed by someone who saw the QR code (which is to
    /// be ignored), or [`MoveError::Expired`].
    pub fn joined(
        self,
        m1: &str,
        random: &dyn Random,
        now: Duration,
        unix_millis: u64,
    ) -> Result<AwaitingCode, Box<(Self, MoveError)>> {
        if now >= self.until {
            return Err(Box::new((self, MoveError::Expired)));
        }
        match self.answer(m1, random, unix_millis) {
            Ok((peer, keys, out)) => {
                let (m1, m2) = (Digest::of(m1.as_bytes()), Digest::of(out.body.as_bytes()));
                let code = CheckCode::of_move(&keys.code, &m1, &m2);
                let until = now.saturating_add(OFFER_LIFE);
                Ok(AwaitingCode { offer: self, peer, keys, out, m1, m2, code, until })
            }
            Err(error) => Err(Box::new((self, error))),
        }
    }

    fn answer(
        &self,
        m1: &str,
        random: &dyn Random,
        unix_millis: u64,
    ) -> Result<(DeviceInfo, MoveKeys, OutRow), MoveError> {
        let (text, keys) = move_seal::accept_channel(&self.qr, &self.key, m1)?;
        let Message::Hello { device: peer } = Message::parse(&text)? else {
            return Err(MoveError::Protocol);
        };
        peer.check().map_err(|_| MoveError::Protocol)?;
        let welcome = Message::Welcome { device: self.device.clone() }.to_text()?;
        let body = move_seal::seal(&keys, self.qr.id, Direction::ToNew, 1, &welcome, random)?;
        let out = OutRow { envelope: EnvelopeId::new(unix_millis, random)?, body };
        Ok((peer, keys, out))
    }
}

/// One phone has scanned the QR code: its user must type the code that it shows. One guess.
#[derive(Debug)]
pub struct AwaitingCode {
    offer: Offer,
    peer: DeviceInfo,
    keys: MoveKeys,
    out: OutRow,
    m1: Digest,
    m2: Digest,
    code: CheckCode,
    until: Duration,
}

impl AwaitingCode {
    /// The move.
    #[must_use]
    pub const fn id(&self) -> MoveId {
        self.offer.qr.id
    }

    /// The relay where the phones meet.
    #[must_use]
    pub const fn relay(&self) -> &RelayAddress {
        &self.offer.qr.relay
    }

    /// What the phone that scanned the QR code says of itself. Not proven: the code decides.
    #[must_use]
    pub const fn peer(&self) -> &DeviceInfo {
        &self.peer
    }

    /// The answer for that phone, M2, and the envelope that carries it: sent until the relay has accepted it.
    #[must_use]
    pub fn welcome(&self) -> (EnvelopeId, &str) {
        (self.out.envelope, &self.out.body)
    }

    /// When it ends, by the monotonic clock.
    #[must_use]
    pub const fn until(&self) -> Duration {
        self.until
    }

    /// Whether a further first message means that a second phone has the QR code, which ends the offer. The same message
    /// again, and what was not sealed by someone who saw the QR code, does not.
    #[must_use]
    pub fn is_second_phone(&self, m1: &str) -> bool {
        Digest::of(m1.as_bytes()) != self.m1
            && move_seal::accept_channel(&self.offer.qr, &self.offer.key, m1).is_ok()
    }

    /// Whether a message says that the phone which scanned the QR code has given up.
    #[must_use]
    pub(crate) fn is_farewell(&self, body: &str) -> bool {
        let opened = open(&self.keys, self.offer.qr.id, Direction::ToOld, body, 0);
        matches!(opened, Ok(Taken::Next { message: Message::End {}, .. }))
    }

    /// Takes what the user typed. The offer is spent, whatever it is.
    ///
    /// # Errors
    /// [`MoveError::WrongCode`], [`MoveError::Expired`].
    pub fn typed(self, code: &CheckCode, now: Duration, unix_millis: u64) -> Result<Confirmed, MoveError> {
        if now >= self.until {
            return Err(MoveError::Expired);
        }
        if *code != self.code {
            return Err(MoveError::WrongCode);
        }
        Ok(Confirmed(self.row(unix_millis)))
    }

    /// What is left of a move that ends here: word of it for the other phone, and nothing else.
    pub(crate) fn farewell(&self, random: &dyn Random, unix_millis: u64) -> Result<MoveRow, MoveError> {
        let mut row = self.row(unix_millis);
        row.queue(&Message::End {}, random, unix_millis)?;
        row.stage = MoveStage::Ended(MoveEnd::Cancelled);
        Ok(row)
    }

    fn row(&self, unix_millis: u64) -> MoveRow {
        MoveRow {
            id: self.offer.qr.id,
            role: MoveRole::Old,
            relay: self.offer.qr.relay.clone(),
            keys: self.keys.clone().into(),
            m1: self.m1,
            m2: Some(self.m2),
            peer: Some(self.peer.clone()),
            stage: MoveStage::Moving,
            sent: 1,
            taken: 0,
            outbox: vec![self.out.clone()],
            accounts: Vec::new(),
            all_announced: true,
            codes: MovingCodesRow::default(),
            clock_offset_s: 0,
            started: unix_millis,
        }
    }
}

/// The right code was typed: the two phones have proven themselves to each other and to their user.
#[derive(Debug)]
pub struct Confirmed(pub(super) MoveRow);

impl Confirmed {
    /// The move.
    #[must_use]
    pub const fn id(&self) -> MoveId {
        self.0.id
    }
}
