//! The new phone until it shows a code: [`Joining`] → [`CodeShown`].

use nod_protocol::messages::DeviceInfo;
use nod_protocol::move_seal;
use nod_protocol::qr::{MoveQr, QrError, RelayAddress};
use nod_protocol::{CheckCode, Digest, EnvelopeId, MoveId, Random};

use super::MoveError;
use super::channel::Taken;
use super::wire::Message;
use crate::vault::{MoveRow, MoveStage, MovingCodesRow, OutRow};
use crate::view::MoveRole;

/// The QR code was scanned; the first message is on its way. There is no code yet: the old phone has proven nothing.
#[derive(Debug)]
pub struct Joining(MoveRow);

impl Joining {
    /// Reads the QR code and opens the channel.
    ///
    /// # Errors
    /// [`MoveError::Qr`] says what is wrong with the text.
    pub fn scan(
        qr: &str,
        device: DeviceInfo,
        random: &dyn Random,
        unix_millis: u64,
    ) -> Result<Self, MoveError> {
        let qr = MoveQr::parse(qr)?;
        let hello = Message::Hello { device }.to_text()?;
        let (body, keys) =
            move_seal::open_channel(&qr, &hello, random).map_err(|_| MoveError::Qr(QrError::Malformed))?;
        Ok(Self(MoveRow {
            id: qr.id,
            role: MoveRole::New,
            relay: qr.relay,
            keys: keys.into(),
            m1: Digest::of(body.as_bytes()),
            m2: None,
            peer: None,
            stage: MoveStage::Joined,
            sent: 0,
            taken: 0,
            outbox: vec![OutRow { envelope: EnvelopeId::new(unix_millis, random)?, body }],
            accounts: Vec::new(),
            all_announced: false,
            codes: MovingCodesRow::default(),
            clock_offset_s: 0,
            started: unix_millis,
        }))
    }

    pub(crate) fn from_row(row: MoveRow) -> Option<Self> {
        (row.stage == MoveStage::Joined).then_some(Self(row))
    }

    pub(crate) fn into_row(self) -> MoveRow {
        self.0
    }

    /// The move.
    #[must_use]
    pub const fn id(&self) -> MoveId {
        self.0.id
    }

    /// The relay where the phones meet.
    #[must_use]
    pub const fn relay(&self) -> &RelayAddress {
        &self.0.relay
    }

    /// The first message, M1; none once the relay has accepted it.
    #[must_use]
    pub fn hello(&self) -> Option<&str> {
        self.0.outbox.first().map(|out| out.body.as_str())
    }

    /// Checks M2: it is sealed by the holder of the QR code's key, so the code may be shown.
    ///
    /// # Errors
    /// This step back, with [`MoveError::NotForThisMove`] for what anyone may have sent (to be ignored), or
    /// [`MoveError::Protocol`].
    pub fn welcomed(self, m2: &str) -> Result<CodeShown, Box<(Self, MoveError)>> {
        match self.0.look(m2) {
            Ok(Taken::Next { n, message: Message::Welcome { device }, .. }) if device.check().is_ok() => {
                let m2 = Some(Digest::of(m2.as_bytes()));
                let row = MoveRow { stage: MoveStage::Coded, m2, taken: n, peer: Some(device), ..self.0 };
                Ok(CodeShown(row))
            }
            Ok(Taken::Next { .. }) => Err(Box::new((self, MoveError::Protocol))),
            Ok(Taken::Known | Taken::Early) => Err(Box::new((self, MoveError::NotForThisMove))),
            Err(error) => Err(Box::new((self, error))),
        }
    }
}

/// The old phone has proven itself: these six digits are to be typed into it.
#[derive(Debug)]
pub struct CodeShown(MoveRow);

impl CodeShown {
    pub(crate) fn from_row(row: MoveRow) -> Option<Self> {
        (row.stage == MoveStage::Coded).then_some(Self(row))
    }

    pub(crate) fn into_row(self) -> MoveRow {
        self.0
    }

    /// The move.
    #[must_use]
    pub const fn id(&self) -> MoveId {
        self.0.id
    }

    /// The six digits.
    #[must_use]
    pub fn code(&self) -> CheckCode {
        // A row of this stage always has an M2.
        let m2 = self.0.m2.unwrap_or(self.0.m1);
        CheckCode::of_move(&self.0.keys.keys().code, &self.0.m1, &m2)
    }

    /// What the old phone says of itself.
    #[must_use]
    pub const fn peer(&self) -> Option<&DeviceInfo> {
        self.0.peer.as_ref()
    }
}
