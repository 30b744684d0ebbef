//! Enrolments under way: begun, answered, activated, or ended.

use nod_protocol::frames::{Destination, DeviceFrame, RefusedReason};
use nod_protocol::messages::ServiceDisplay;
use nod_protocol::qr::RelayAddress;
use nod_protocol::{CheckCode, EnrolmentId, EnvelopeId, RandomError};

use super::accounts::drop_idle_channel;
use super::{Engine, channel_of};
use crate::enrol::{EnrolError, ScannedEnrolment, VerifiedEnrolment};
use crate::event::Event;
use crate::keys::{KeyName, KeyPurpose, KeyStoreError};
use crate::vault::{ChannelRow, Contents, EnrolmentRow, EnrolmentStage, MAX_ENROLMENTS, VaultError};

/// How long an unanswered E1 is kept: twice a QR code's life, in milliseconds.
const SENT_LIFE_MS: u64 = 10 * 60 * 1000;
/// How long a verified enrolment waits for its activation, in milliseconds: the notice may come when the phone is next
/// online.
const VERIFIED_LIFE_MS: u64 = 24 * 60 * 60 * 1000;

/// How far an enrolment is.
#[derive(Debug, Clone)]
pub enum EnrolmentProgress {
    /// E1 is on its way.
    Sent,
    /// The service proved itself.
    Verified {
        /// What the user types on the page with the QR code.
        code: CheckCode,
        /// How the service introduces itself.
        service: ServiceDisplay,
    },
}

impl Engine {
    /// Reads a QR code and prepares E1; [`Engine::outstanding`] has it from then on. The same QR code again goes on
    /// with the same bytes: a second, different E1 would end the enrolment.
    ///
    /// # Errors
    /// [`EnrolError`] when the text is unusable or a key cannot be made.
    pub fn begin_enrolment(&self, qr: &str) -> Result<(EnrolmentId, RelayAddress), EnrolError> {
        let scanned = ScannedEnrolment::parse(qr)?;
        let (id, relay) = (scanned.id(), scanned.relay().clone());
        self.expire_enrolments(self.clock.unix_millis())?;
        let (known, full) = self.vault.read(|contents| {
            let known = contents.enrolments.iter().any(|row| row.id == id);
            (known, contents.enrolments.len() >= MAX_ENROLMENTS)
        })?;
        if known {
            return Ok((id, relay));
        }
        if full {
            return Err(EnrolError::TooMany);
        }
        let channel = self.channel::<EnrolError>(&relay)?;
        let sent = scanned.prepare(&*self.keys, &channel, &self.device, &*self.random, &*self.clock)?;
        let row = sent.into_row();
        let raced = self.vault.update(|contents| {
            // Another process of this phone may have scanned the same code meanwhile.
            let raced = contents.enrolments.iter().any(|other| other.id == id);
            if raced {
                contents.doomed.extend(row.keys.all());
            } else {
                contents.enrolments.push(row);
            }
            Ok::<_, EnrolError>(raced)
        })?;
        if raced {
            self.bury()?;
        }
        Ok((id, relay))
    }

    /// How far an enrolment is; none when it is not under way.
    ///
    /// # Errors
    /// [`VaultError`] when the vault cannot be read.
    pub fn enrolment(&self, id: EnrolmentId) -> Result<Option<EnrolmentProgress>, VaultError> {
        let row = self.vault.read(|contents| contents.enrolments.iter().find(|row| row.id == id).cloned())?;
        Ok(row.map(|row| match VerifiedEnrolment::from_row(row) {
            None => EnrolmentProgress::Sent,
            Some(verified) => {
                EnrolmentProgress::Verified { code: verified.code(), service: verified.service().clone() }
            }
        }))
    }

    /// Ends an enrolment on this phone and deletes its keys.
    ///
    /// # Errors
    /// [`EnrolError::NotFound`] when it is not under way.
    pub fn end_enrolment(&self, id: EnrolmentId, error: EnrolError) -> Result<Event, EnrolError> {
        self.vault.update(
            |contents| {
                if drop_enrolment(contents, id) { Ok(()) } else { Err(EnrolError::NotFound) }
            },
        )?;
        self.bury()?;
        Ok(Event::EnrolmentFailed { id, error })
    }

    pub(super) fn enrolment_refused(
        &self,
        envelope: EnvelopeId,
        reason: RefusedReason,
    ) -> Result<Vec<Event>, VaultError> {
        let found = self.vault.read(|contents| {
            let waits = |row: &&EnrolmentRow| row.envelope == envelope && frame_of(row).is_some();
            contents.enrolments.iter().find(waits).map(|row| row.id)
        })?;
        let Some(id) = found else {
            return Ok(Vec::new());
        };
        // One that went away meanwhile needs no second end.
        Ok(self.end_enrolment(id, EnrolError::Refused(reason)).into_iter().collect())
    }

    pub(super) fn expire_enrolments(&self, now: u64) -> Result<Vec<Event>, VaultError> {
        let over: Vec<_> = self.vault.read(|contents| {
            contents.enrolments.iter().filter(|row| is_over(row, now)).map(|row| row.id).collect()
        })?;
        Ok(over.into_iter().filter_map(|id| self.end_enrolment(id, EnrolError::Expired).ok()).collect())
    }

    /// The phone's key at a relay, made when it is first needed.
    pub(super) fn channel<E>(&self, relay: &RelayAddress) -> Result<KeyName, E>
    where
        E: From<VaultError> + From<RandomError> + From<KeyStoreError>,
    {
        if let Some(name) = self.vault.read(|contents| channel_of(contents, relay))? {
            return Ok(name);
        }
        let fresh = KeyName::fresh(KeyPurpose::Channel, &*self.random)?;
        self.keys.create(&fresh, KeyPurpose::Channel)?;
        let name = self.vault.update(|contents| {
            // Another process of this phone may have made one meanwhile.
            if let Some(name) = channel_of(contents, relay) {
                contents.doomed.push(fresh.clone());
                return Ok::<_, E>(name);
            }
            contents.channels.push(ChannelRow { relay: relay.clone(), key: fresh.clone() });
            Ok(fresh.clone())
        })?;
        if name != fresh {
            self.bury()?;
        }
        Ok(name)
    }
}

/// Removes an enrolment's row and asks for its keys to be deleted.
pub(super) fn drop_enrolment(contents: &mut Contents, id: EnrolmentId) -> bool {
    let Some(at) = contents.enrolments.iter().position(|row| row.id == id) else {
        return false;
    };
    let row = contents.enrolments.remove(at);
    contents.doomed.extend(row.keys.all());
    drop_idle_channel(contents, &row.relay);
    true
}

fn is_over(row: &EnrolmentRow, now: u64) -> bool {
    let life = match row.stage {
        EnrolmentStage::Sent => SENT_LIFE_MS,
        EnrolmentStage::Verified(_) => VERIFIED_LIFE_MS,
    };
    // A date that was set back does not end anything.
    now.saturating_sub(row.started) > life
}

/// E1 is sent until E2 was verified.
pub(super) fn frame_of(row: &EnrolmentRow) -> Option<DeviceFrame> {
    matches!(row.stage, EnrolmentStage::Sent).then(|| DeviceFrame::Send {
        id: row.envelope,
        to: Destination::Enrolment(row.id),
        body: row.e1.clone(),
    })
}
