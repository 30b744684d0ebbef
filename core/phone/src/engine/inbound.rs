//! Envelopes from a relay: opened with the key that they fit, checked by their flow, and acted on once.

use std::time::Duration;

use nod_protocol::frames::{EnvelopeKind, GoneReason};
use nod_protocol::messages::NoticeEvent;
use nod_protocol::qr::RelayAddress;
use nod_protocol::{Digest, EnvelopeId, ServiceId};

use super::accounts::drop_account;
use super::decide::{answered, close};
use super::enrolment::drop_enrolment;
use super::{Engine, Envelope, Handled, Live, LiveChallenge, MAX_LIVE};
use crate::challenge::{ChallengeError, ReceivedChallenge, VerifiedChallenge};
use crate::enrol::{EnrolError, SentEnrolment, VerifiedEnrolment};
use crate::event::{Event, RemovedReason};
use crate::keys::NamedAgreement;
use crate::notice::{self, NoticeError, VerifiedNotice};
use crate::receipt;
use crate::vault::{AccountRow, EnrolmentStage, VaultError};
use crate::view::HistoryEnd;

impl Engine {
    /// Takes an envelope from `relay`. Whatever does not pass its checks is left alone: not acknowledged, not shown.
    ///
    /// # Errors
    /// [`VaultError`] when the vault cannot be read or written; the envelope was not taken then.
    pub fn deliver(&self, relay: &RelayAddress, envelope: &Envelope) -> Result<Handled, VaultError> {
        if self.live().handled.contains(&envelope.id) {
            self.shorten(envelope.id, envelope.ttl);
            return Ok(Handled { acknowledge: true, ..Handled::default() });
        }
        let handled = match envelope.kind {
            EnvelopeKind::Challenge => self.on_challenge(relay, envelope)?,
            EnvelopeKind::Enrolment => self.on_enrolment(relay, &envelope.body)?,
            EnvelopeKind::Notice => self.on_notice(relay, &envelope.body)?,
            EnvelopeKind::Receipt => self.on_receipt(relay, &envelope.body)?,
            EnvelopeKind::Move => self.on_move(relay, envelope)?,
            EnvelopeKind::Moved => self.on_moved(relay, &envelope.body)?,
            EnvelopeKind::Rotation => Handled::default(),
        };
        if handled.acknowledge {
            self.live().remember(envelope.id);
        }
        Ok(handled)
    }

    /// A relay says that an envelope is of no more use. A hint: it ends a waiting challenge and nothing else.
    ///
    /// # Errors
    /// [`VaultError`] when the vault cannot be written.
    pub fn gone(&self, id: EnvelopeId, reason: GoneReason) -> Result<Vec<Event>, VaultError> {
        let ended = {
            let mut live = self.live();
            let found = live.challenges.iter().position(|c| c.envelope == id && !c.deciding);
            found.map(|at| live.challenges.remove(at))
        };
        ended.map_or_else(|| Ok(Vec::new()), |challenge| Ok(vec![self.end(&challenge, reason)?]))
    }

    fn on_challenge(&self, relay: &RelayAddress, envelope: &Envelope) -> Result<Handled, VaultError> {
        for account in self.accounts_at(relay, envelope.service)? {
            let enc = NamedAgreement { store: &*self.keys, name: &account.keys.enc };
            let opened = ReceivedChallenge::open(&envelope.body, &enc);
            let verified = match opened.and_then(|received| received.verify(&account.pinned())) {
                Ok(verified) => verified,
                // Sealed to another account of the same service: the next one may fit.
                Err(ChallengeError::Sealed(_)) => continue,
                Err(error) => {
                    tracing::warn!(%error, "a challenge was refused");
                    return Ok(Handled::default());
                }
            };
            return self.show(relay, envelope, &account, verified);
        }
        tracing::warn!("a challenge fits no account");
        Ok(Handled::default())
    }

    /// Puts a verified challenge before the user, once.
    fn show(
        &self,
        relay: &RelayAddress,
        envelope: &Envelope,
        account: &AccountRow,
        challenge: VerifiedChallenge,
    ) -> Result<Handled, VaultError> {
        let id = challenge.claims().jti;
        let done = Handled { acknowledge: true, ..Handled::default() };
        if self.vault.read(|contents| answered(contents, id))? {
            return Ok(done);
        }
        if challenge.claims().gen_ > account.gen_ {
            self.raise_generation(account, challenge.claims().gen_)?;
        }
        let mut live = self.live();
        if let Some(known) = live.challenges.iter().find(|c| c.challenge.claims().jti == id) {
            let same = known.challenge.digest() == challenge.digest();
            return Ok(if same { done } else { Handled::default() });
        }
        if live.challenges.len() >= MAX_LIVE {
            return Ok(Handled::default());
        }
        let time = challenge.time().min(envelope.ttl);
        live.challenges.push(LiveChallenge {
            envelope: envelope.id,
            relay: relay.clone(),
            account: account.id,
            service_name: account.display.name.clone(),
            service_domain: account.display.domain.clone(),
            label: account.label.clone(),
            deadline: self.clock.monotonic().saturating_add(time),
            challenge,
            deciding: false,
        });
        Ok(Handled { acknowledge: true, events: vec![Event::Challenge { id }], ..Handled::default() })
    }

    fn raise_generation(&self, account: &AccountRow, gen_: u64) -> Result<(), VaultError> {
        self.vault.update(|contents| {
            if let Some(row) = contents.accounts.iter_mut().find(|row| row.id == account.id) {
                row.gen_ = row.gen_.max(gen_);
            }
            Ok(())
        })
    }

    fn on_enrolment(&self, relay: &RelayAddress, body: &str) -> Result<Handled, VaultError> {
        let rows = self.vault.read(|contents| {
            let here = contents.enrolments.iter().filter(|row| &row.relay == relay);
            here.cloned().collect::<Vec<_>>()
        })?;
        let digest = Digest::of(body.as_bytes());
        for row in rows {
            if matches!(&row.stage, EnrolmentStage::Verified(provisional) if provisional.e2 == digest) {
                return Ok(Handled { acknowledge: true, ..Handled::default() });
            }
            let id = row.id;
            let Some(sent) = SentEnrolment::from_row(row) else { continue };
            let checked = sent.verify(body, &*self.keys, &*self.clock);
            let stored = checked.and_then(|verified| self.store_verified(verified));
            match stored {
                Ok(()) => {
                    let events = vec![Event::EnrolmentVerified { id }];
                    return Ok(Handled { acknowledge: true, events, ..Handled::default() });
                }
                Err(EnrolError::NotForThisPhone) => {}
                Err(EnrolError::Vault(error)) => return Err(error),
                Err(error) => {
                    tracing::warn!(%error, "an enrolment was refused");
                    let events = self.end_enrolment(id, error).into_iter().collect();
                    return Ok(Handled { acknowledge: true, events, ..Handled::default() });
                }
            }
        }
        Ok(Handled::default())
    }

    fn store_verified(&self, verified: VerifiedEnrolment) -> Result<(), EnrolError> {
        let binding = verified.account().id;
        let row = verified.into_row();
        self.vault.update(|contents| {
            if contents.accounts.iter().any(|account| account.id == binding) {
                return Err(EnrolError::KnownBinding);
            }
            let found = contents.enrolments.iter_mut().find(|other| other.id == row.id);
            *found.ok_or(EnrolError::NotFound)? = row;
            Ok(())
        })
    }

    fn on_notice(&self, relay: &RelayAddress, body: &str) -> Result<Handled, VaultError> {
        let (accounts, enrolments) = self.vault.read(|contents| {
            let accounts: Vec<_> =
                contents.accounts.iter().filter(|row| &row.relay == relay).cloned().collect();
            let enrolments = contents.enrolments.iter().filter(|row| &row.relay == relay).cloned();
            (accounts, enrolments.filter_map(VerifiedEnrolment::from_row).collect::<Vec<_>>())
        })?;
        for enrolment in enrolments {
            match self.open_notice(body, enrolment.account()) {
                Ok(notice) => return self.on_enrolment_notice(enrolment, notice),
                Err(NoticeError::Sealed(_)) => {}
                Err(error) => {
                    tracing::warn!(%error, "a notice was refused");
                    return Ok(Handled::default());
                }
            }
        }
        for account in accounts {
            match self.open_notice(body, &account) {
                Ok(notice) => return self.on_account_notice(&account, notice),
                Err(NoticeError::Sealed(_)) => {}
                Err(error) => {
                    tracing::warn!(%error, "a notice was refused");
                    return Ok(Handled::default());
                }
            }
        }
        Ok(Handled::default())
    }

    fn open_notice(&self, body: &str, account: &AccountRow) -> Result<VerifiedNotice, NoticeError> {
        let enc = NamedAgreement { store: &*self.keys, name: &account.keys.enc };
        notice::open(body, &enc, &account.pinned())
    }

    fn on_enrolment_notice(
        &self,
        enrolment: VerifiedEnrolment,
        notice: VerifiedNotice,
    ) -> Result<Handled, VaultError> {
        let mut account = enrolment.account().clone();
        let row = enrolment.into_row();
        let event = match notice.event() {
            NoticeEvent::Activated => {
                account.gen_ = notice.generation();
                let id = account.id;
                self.vault.update(|contents| {
                    contents.enrolments.retain(|other| other.id != row.id);
                    if !contents.accounts.iter().any(|other| other.id == id) {
                        contents.accounts.push(account);
                    }
                    Ok::<_, VaultError>(())
                })?;
                Event::AccountAdded { id, enrolment: row.id }
            }
            NoticeEvent::Aborted | NoticeEvent::Revoked => {
                self.vault.update(|contents| {
                    drop_enrolment(contents, row.id);
                    Ok::<_, VaultError>(())
                })?;
                self.bury()?;
                Event::EnrolmentFailed { id: row.id, error: EnrolError::Aborted }
            }
        };
        Ok(Handled { acknowledge: true, events: vec![event], ..Handled::default() })
    }

    fn on_account_notice(&self, account: &AccountRow, notice: VerifiedNotice) -> Result<Handled, VaultError> {
        let events = match notice.event() {
            NoticeEvent::Revoked => {
                self.vault.update(|contents| {
                    drop_account(contents, account.id);
                    Ok::<_, VaultError>(())
                })?;
                self.forget_challenges_of(account.id);
                self.bury()?;
                vec![Event::AccountRemoved { id: account.id, reason: RemovedReason::Revoked }]
            }
            // The activation again, or an abortion that came too late to matter.
            NoticeEvent::Activated | NoticeEvent::Aborted => Vec::new(),
        };
        Ok(Handled { acknowledge: true, events, ..Handled::default() })
    }

    fn on_receipt(&self, relay: &RelayAddress, body: &str) -> Result<Handled, VaultError> {
        let Ok(hint) = receipt::challenge_hint(body) else {
            return Ok(Handled::default());
        };
        let found = self.vault.read(|contents| {
            let answer = contents.answers.iter().find(|row| row.challenge == hint && &row.relay == relay)?;
            let account = contents.accounts.iter().find(|row| row.id == answer.account)?;
            Some((answer.clone(), account.pinned()))
        })?;
        let Some((answer, pinned)) = found else {
            return Ok(Handled::default());
        };
        let outcome = match receipt::verify(body, &pinned, answer.challenge, &answer.body) {
            Ok(outcome) => outcome,
            Err(error) => {
                tracing::warn!(%error, "a receipt was refused");
                return Ok(Handled::default());
            }
        };
        let at = self.clock.unix_millis();
        self.vault.update(|contents| {
            contents.answers.retain(|row| row.challenge != answer.challenge);
            close(contents, &answer, HistoryEnd::Receipt(outcome), at);
            Ok::<_, VaultError>(())
        })?;
        Ok(Handled {
            acknowledge: true,
            events: vec![Event::Decided { id: answer.challenge, outcome }],
            ..Handled::default()
        })
    }

    /// An envelope delivered again cannot give the user more time, only less.
    fn shorten(&self, id: EnvelopeId, ttl: Duration) {
        let end = self.clock.monotonic().saturating_add(ttl);
        let mut live = self.live();
        let Live { challenges, .. } = &mut *live;
        if let Some(challenge) = challenges.iter_mut().find(|c| c.envelope == id) {
            challenge.deadline = challenge.deadline.min(end);
        }
    }

    fn accounts_at(&self, relay: &RelayAddress, service: ServiceId) -> Result<Vec<AccountRow>, VaultError> {
        self.vault.read(|contents| {
            let here = contents.accounts.iter().filter(|row| &row.relay == relay && row.service == service);
            here.cloned().collect()
        })
    }
}
