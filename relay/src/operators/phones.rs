//! Operators that this relay knows: inviting them, enrolling their phones, signing in with a push. Their phones belong to
//! a managed service of the relay's own, which is made when the first operator is invited.

use std::sync::Arc;

use nod_login::rows::{ChallengeState, EnrolmentState};
use nod_login::{
    Ask, ChallengeError, ConfirmError, EnrolError, Language, LoginServer, RevokeError, UnixMillis,
};
use nod_protocol::bytes::Secret;
use nod_protocol::messages::{ChallengeContext, DeviceInfo, Mode};
use nod_protocol::{BindingId, NumberPolicy, ServiceId};
use zeroize::Zeroizing;

use super::RoleSet;
use super::desk::{Desk, DeskError, PENDING_MS, token};
use crate::managed::{Hosted, NewService, ServicesError};
use crate::store::console::{Identity, JoinRow, Stage};
use crate::store::operators::{OperatorError, OperatorRow};

/// The name of the service that operators' phones show.
pub const SERVICE_NAME: &str = "Nod console";

/// The longest name of an operator.
const MAX_NAME: usize = 64;

/// A link by which an operator joins, shown once.
#[derive(Debug)]
pub struct Invitation {
    /// The secret in the link.
    pub secret: Secret<32>,
    /// When the link is of no more use.
    pub expires: UnixMillis,
}

/// How a sign-in with a phone stands.
#[derive(Debug)]
pub enum Waiting {
    /// The phone is to answer with this number.
    Number {
        /// The number.
        number: Zeroizing<String>,
        /// When it is too late.
        ends: UnixMillis,
    },
    /// The phone said no, or nothing.
    Over,
    /// The operator is signed in: the session's secret, and where to go.
    SignedIn(Secret<32>, Option<String>),
}

/// How an operator's enrolment stands.
#[derive(Debug)]
pub struct Joining {
    /// The operator.
    pub name: String,
    /// The QR code's text.
    pub qr: Zeroizing<String>,
    /// The phone that has scanned it.
    pub device: Option<DeviceInfo>,
    /// Whether the QR code is still good.
    pub open: bool,
    /// When it is not any more.
    pub expires: UnixMillis,
}

impl Desk {
    /// Makes an operator and the link to join by.
    ///
    /// # Errors
    /// [`DeskError`].
    pub async fn invite(&self, name: &str, roles: RoleSet, by: &str) -> Result<Invitation, DeskError> {
        let name = operator_name(name).ok_or(DeskError::Name)?;
        self.allowed(roles)?;
        let row = OperatorRow {
            name: name.clone(),
            roles,
            created: self.now(),
            joined: None,
            joined_by: None,
            last_sign_in: None,
        };
        self.parts.store.add_operator(row, by).await?;
        self.link(name, by).await
    }

    /// Makes another link for an operator, as for a lost phone; older links are void, and the operator is signed out.
    ///
    /// # Errors
    /// [`DeskError`].
    pub async fn invite_again(&self, name: &str, by: &str) -> Result<Invitation, DeskError> {
        if !self.parts.nod {
            return Err(DeskError::Off);
        }
        let row = self.parts.store.change_operator(name, self.now(), "operator-invited", by, |_| ()).await?;
        self.link(row.name, by).await
    }

    /// Gives an operator other roles, at once.
    ///
    /// # Errors
    /// [`DeskError`].
    pub async fn set_roles(&self, name: &str, roles: RoleSet, by: &str) -> Result<OperatorRow, DeskError> {
        self.allowed(roles)?;
        let change = move |row: &mut OperatorRow| row.roles = roles;
        Ok(self.parts.store.change_operator(name, self.now(), "operator-roles-set", by, change).await?)
    }

    /// Removes an operator with every session, link and phone.
    ///
    /// # Errors
    /// [`DeskError`].
    pub async fn remove(&self, name: &str, by: &str) -> Result<(), DeskError> {
        self.parts.store.delete_operator(name, self.now(), by).await?;
        if let Some(hosted) = self.own_service().await? {
            self.revoke_phones(login(&hosted)?, name, None).await?;
        }
        Ok(())
    }

    /// The id of the console's own service, once there is one.
    ///
    /// # Errors
    /// [`DeskError::Store`].
    pub async fn own_service_id(&self) -> Result<Option<ServiceId>, DeskError> {
        Ok(self.parts.store.console_service().await?)
    }

    /// Asks an operator's phone. A name that nobody has, and an operator who cannot be asked now, get a number too, and
    /// no answer ever comes.
    ///
    /// # Errors
    /// [`DeskError`] when nothing could be kept.
    pub async fn begin_nod(
        &self,
        name: &str,
        context: ChallengeContext,
        next: Option<String>,
    ) -> Result<Secret<32>, DeskError> {
        if !self.parts.nod {
            return Err(DeskError::Off);
        }
        let session = Secret::<32>::random(self.parts.random.as_ref())?;
        let asked = match operator_name(name) {
            Some(name) => self.ask(&name, context, &session).await?.map(|asked| (name, asked)),
            None => None,
        };
        let life = u64::from(nod_login::Policy::default().life_s).saturating_mul(1000);
        let stage = match asked {
            Some((name, started)) => Stage::Nod {
                name: Some(name),
                challenge: Some(started.id),
                sealed: self.seal_pair(&session, started.number.as_ref().map_or("", |n| n.expose()))?,
                ends: started.expires,
            },
            None => {
                let number = NumberPolicy::Six.draw(self.parts.random.as_ref())?;
                let sealed = self.seal_pair(&session, number.as_ref().map_or("", |n| n.expose()))?;
                Stage::Nod { name: None, challenge: None, sealed, ends: self.now().plus(life) }
            }
        };
        self.keep(stage, next).await
    }

    /// Looks at a sign-in that was begun; the first look at an approved one signs in.
    ///
    /// # Errors
    /// [`DeskError::NotFound`] when there is none, or it is over.
    pub async fn wait_nod(
        &self,
        pending: &Secret<32>,
        language: Option<Language>,
    ) -> Result<Waiting, DeskError> {
        let row = self.parts.store.pending(token(pending), self.now()).await?.ok_or(DeskError::NotFound)?;
        let Stage::Nod { name, challenge, sealed, ends } = row.stage else { return Err(DeskError::NotFound) };
        let plain = self.open(&sealed)?;
        let (session, number) = split_pair(&plain).ok_or(DeskError::Keys)?;
        let (Some(name), Some(challenge)) = (name, challenge) else {
            let number = Zeroizing::new(number.to_owned());
            return Ok(if self.now() < ends { Waiting::Number { number, ends } } else { Waiting::Over });
        };
        let hosted = self.own_service().await?.ok_or(DeskError::NotFound)?;
        let login = login(&hosted)?;
        let view = match login.challenge(challenge, Some(session)).await {
            Ok(view) => view,
            Err(ChallengeError::Store(error)) => return Err(error.into()),
            Err(_) => return Ok(Waiting::Over),
        };
        match view.state {
            // The end that was told at first: a name that nobody has could not be told that a phone has the request.
            ChallengeState::Pending => {
                Ok(Waiting::Number { number: Zeroizing::new(number.to_owned()), ends })
            }
            ChallengeState::Approved => {
                if login.finalise(challenge, Some(session)).await.is_err() {
                    return Ok(Waiting::Over);
                }
                let next = self.parts.store.take_pending(token(pending), self.now()).await?;
                let next = next.ok_or(DeskError::NotFound)?.next;
                let operator = self.parts.store.operator(&name).await?.ok_or(DeskError::NotFound)?;
                let secret = self.sign_in(Identity::Nod { name }, operator.roles, language).await?;
                Ok(Waiting::SignedIn(secret, next))
            }
            ChallengeState::Denied
            | ChallengeState::Reported
            | ChallengeState::Superseded
            | ChallengeState::Cancelled
            | ChallengeState::Expired => Ok(Waiting::Over),
        }
    }

    /// Whose link it is, if it is still good.
    ///
    /// # Errors
    /// [`DeskError::NotFound`].
    pub async fn invited(&self, link: &Secret<32>) -> Result<String, DeskError> {
        let row = self.parts.store.join(token(link), self.now()).await?;
        Ok(row.ok_or(DeskError::NotFound)?.name)
    }

    /// Uses a link up and opens the enrolment; gives the secret for the browser's cookie.
    ///
    /// # Errors
    /// [`DeskError::NotFound`].
    pub async fn begin_join(&self, link: &Secret<32>) -> Result<Secret<32>, DeskError> {
        let row = self.parts.store.take_join(token(link), self.now()).await?.ok_or(DeskError::NotFound)?;
        let hosted = self.service().await?;
        let started = login(&hosted)?.start_enrolment(&row.name, None).await.map_err(enrol_error)?;
        let sealed = self.seal(started.qr.as_str().as_bytes())?;
        let stage = Stage::Join { name: row.name, by: row.by, enrolment: started.id, sealed };
        self.keep(stage, None).await
    }

    /// Looks at a joining.
    ///
    /// # Errors
    /// [`DeskError::NotFound`].
    pub async fn joining(&self, pending: &Secret<32>) -> Result<Joining, DeskError> {
        let row = self.parts.store.pending(token(pending), self.now()).await?.ok_or(DeskError::NotFound)?;
        let Stage::Join { name, enrolment, sealed, .. } = row.stage else { return Err(DeskError::NotFound) };
        let hosted = self.service().await?;
        let view = login(&hosted)?.enrolment(enrolment).await.map_err(enrol_error)?;
        let plain = self.open(&sealed)?;
        let qr = Zeroizing::new(str::from_utf8(&plain).map_err(|_| DeskError::Keys)?.to_owned());
        let open = matches!(view.state, EnrolmentState::Waiting | EnrolmentState::Claimed);
        Ok(Joining { name, qr, device: view.device, open, expires: view.expires })
    }

    /// Takes the check code of the operator's phone. The right one ends the joining: phones that the operator had before
    /// are revoked, and the operator's sessions end.
    ///
    /// # Errors
    /// [`DeskError::WrongCode`], [`DeskError::NotFound`].
    pub async fn confirm_join(&self, pending: &Secret<32>, typed: &str) -> Result<(), DeskError> {
        let row = self.parts.store.pending(token(pending), self.now()).await?.ok_or(DeskError::NotFound)?;
        let Stage::Join { name, by, enrolment, .. } = row.stage else { return Err(DeskError::NotFound) };
        let hosted = self.service().await?;
        let login = login(&hosted)?;
        let binding = login.confirm_enrolment(enrolment, typed).await.map_err(|error| match error {
            ConfirmError::WrongCode { tries_left } => DeskError::WrongCode { tries_left: Some(tries_left) },
            ConfirmError::Malformed | ConfirmError::NotClaimedYet => {
                DeskError::WrongCode { tries_left: None }
            }
            ConfirmError::Store(error) => error.into(),
            ConfirmError::Ended { .. }
            | ConfirmError::NotFound
            | ConfirmError::TooManyDevices
            | ConfirmError::Keys
            | _ => DeskError::NotFound,
        })?;
        self.revoke_phones(login, &name, Some(binding)).await?;
        Ok(self.parts.store.operator_joined(&name, self.now(), by).await?)
    }

    /// Whether one of two operators (as the audit log names them) made the link by which the other joined. Such two may
    /// be one person, who opened the link himself.
    ///
    /// # Errors
    /// [`DeskError::Store`].
    pub async fn one_made_the_other(&self, one: &str, other: &str) -> Result<bool, DeskError> {
        for (made, maker) in [(one, other), (other, one)] {
            let Some(name) = made.strip_prefix("nod:") else { continue };
            let row = self.parts.store.operator(name).await?;
            if row.is_some_and(|row| row.joined_by.as_deref() == Some(maker)) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn allowed(&self, roles: RoleSet) -> Result<(), DeskError> {
        if !self.parts.nod {
            Err(DeskError::Off)
        } else if roles.is_empty() {
            Err(DeskError::NoRole)
        } else {
            Ok(())
        }
    }

    async fn link(&self, name: String, by: &str) -> Result<Invitation, DeskError> {
        let secret = Secret::random(self.parts.random.as_ref())?;
        let expires = self.now().plus(PENDING_MS);
        self.parts.store.put_join(token(&secret), JoinRow { name, by: by.to_owned(), expires }).await?;
        Ok(Invitation { secret, expires })
    }

    /// Asks the phones of an operator who has some and may be asked now.
    async fn ask(
        &self,
        name: &str,
        context: ChallengeContext,
        session: &Secret<32>,
    ) -> Result<Option<nod_login::StartedChallenge>, DeskError> {
        if self.parts.store.operator(name).await?.is_none() {
            return Ok(None);
        }
        let Some(hosted) = self.own_service().await? else { return Ok(None) };
        let session = session.to_text();
        let ask = Ask {
            user: name.to_owned(),
            context,
            number: Some(NumberPolicy::Six),
            session: Some(session.as_str().to_owned()),
            only: None,
            method: Some(nod_login::MethodChoice::Kind(nod_login::MethodKind::Push)),
            accept: None,
            no_sends: false,
        };
        match login(&hosted)?.start_challenge(ask).await {
            Ok(started) => Ok(Some(started)),
            Err(ChallengeError::Store(error)) => Err(error.into()),
            Err(error) => {
                tracing::info!(%error, "an operator's phone was not asked");
                Ok(None)
            }
        }
    }

    async fn revoke_phones(
        &self,
        login: &LoginServer,
        name: &str,
        but: Option<BindingId>,
    ) -> Result<(), DeskError> {
        for row in login.devices(name).await? {
            if Some(row.id) != but {
                match login.revoke(name, row.id).await {
                    Ok(()) | Err(RevokeError::NotFound) => {}
                    Err(RevokeError::Store(error)) => return Err(error.into()),
                    Err(_) => return Err(DeskError::Keys),
                }
            }
        }
        Ok(())
    }

    async fn own_service(&self) -> Result<Option<Arc<Hosted>>, DeskError> {
        match self.parts.store.console_service().await? {
            Some(id) => Ok(self.parts.services.get(id).await?),
            None => Ok(None),
        }
    }

    /// The console's own service, made when there is none.
    async fn service(&self) -> Result<Arc<Hosted>, DeskError> {
        let _alone = self.making.lock().await;
        if let Some(hosted) = self.own_service().await? {
            return Ok(hosted);
        }
        let new = NewService {
            name: SERVICE_NAME.to_owned(),
            domain: None,
            number: Some(NumberPolicy::Six),
            mode: Mode::Managed,
        };
        // Its API key is dropped here: nobody ever has it.
        let (hosted, _) = self.parts.services.create(new).await?;
        self.parts.store.set_console_service(hosted.record().id).await?;
        tracing::info!(service = %hosted.record().id, "the console's own service was made");
        Ok(hosted)
    }

    /// Seals a session's secret together with the number.
    fn seal_pair(&self, session: &Secret<32>, number: &str) -> Result<String, DeskError> {
        let plain = Zeroizing::new(format!("{} {number}", session.to_text().as_str()));
        self.seal(plain.as_bytes())
    }
}

fn split_pair(plain: &[u8]) -> Option<(&str, &str)> {
    str::from_utf8(plain).ok()?.split_once(' ')
}

fn login(hosted: &Hosted) -> Result<&LoginServer, DeskError> {
    // Handed over to somebody else, it is of no more use here.
    hosted.login().ok_or(DeskError::Services(ServicesError::NotManaged))
}

fn enrol_error(error: EnrolError) -> DeskError {
    if let EnrolError::Store(error) = error {
        return error.into();
    }
    DeskError::Operator(OperatorError::NotFound)
}

/// An operator's name as it is kept: lower case, without space around it.
#[must_use]
pub fn operator_name(typed: &str) -> Option<String> {
    let name = typed.trim().to_ascii_lowercase();
    let fine = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-' | b'@');
    ((1..=MAX_NAME).contains(&name.len()) && name.bytes().all(fine)).then_some(name)
}
