//! What the login server's directory says about a user: e-mail address, telephone number, language (docs/methods.md,
//! "Contacts").

use nod_protocol::MethodId;

use super::adding::sealed_address;
use super::{Contacts, LoginServer, MethodError, Profile};
use crate::address;
use crate::letter::Channel;
use crate::rows::MethodRow;
use crate::sealer::Sealed;
use crate::steps::contacts::{self, Taken, Wish};
use crate::steps::{At, user};
use crate::store::StoreExt as _;

impl LoginServer {
    /// Takes over what the login server's directory says. Its addresses are usable at once; one that the user added is
    /// neither changed nor removed.
    ///
    /// # Errors
    /// [`MethodError::Address`], [`MethodError::TooMany`], [`MethodError::Unsupported`], [`MethodError::Keys`],
    /// [`MethodError::User`], [`MethodError::Store`].
    pub async fn set_contacts(&self, user: &str, contacts: Contacts) -> Result<Profile, MethodError> {
        let Contacts { email, phone, language } = &contacts;
        let said = [(Channel::Email, email), (Channel::Sms, phone)];
        loop {
            let (at, policy, name) = self.about(user)?;
            let owner = name.clone();
            let seen = self.store.look(move |rows| user::load(rows, at, &owner)).await??;
            let mut wishes = Vec::new();
            for (channel, said) in said {
                if let Some(said) = said {
                    let seen = contacts::address_on(&seen, channel);
                    wishes.extend(self.wish(at, channel, said.as_deref(), seen)?);
                }
            }
            let language = *language;
            let step = self.store.run(move |rows| contacts::set(rows, at, &policy, &name, language, wishes));
            match step.await?? {
                Taken::Yes(profile) => return Ok(*profile),
                // The user changed an address meanwhile: the next round compares with that one.
                Taken::Changed => {}
            }
        }
    }

    /// What is to become of the address of a channel; none when it stays.
    fn wish(
        &self,
        at: At,
        channel: Channel,
        said: Option<&str>,
        seen: Option<&MethodRow>,
    ) -> Result<Option<Wish>, MethodError> {
        let seen_address = seen.and_then(|method| user::address_of(&method.data)).map(|(_, address)| address);
        let Some(said) = said else {
            let goes = seen_address.is_some_and(|address| address.by_directory);
            return Ok(goes.then(|| Wish { channel, seen: seen.cloned(), new: None }));
        };
        let sealer = self.sealer.as_deref().ok_or(MethodError::Unsupported)?;
        let plain = address::check(channel, said).ok_or(MethodError::Address)?.plain;
        if let Some(address) = seen_address {
            if !address.by_directory {
                return Ok(None);
            }
            let known = sealer.open(Sealed::Contact, at.service, &address.sealed)?;
            if known.as_slice() == plain.as_bytes() {
                return Ok(None);
            }
        }
        let new = MethodRow {
            id: MethodId::random(self.random.as_ref())?,
            data: sealed_address(sealer, at, channel, &plain, true)?,
            label: String::new(),
            created: at.now,
            last_used: None,
            unconfirmed: None,
        };
        Ok(Some(Wish { channel, seen: seen.cloned(), new: Some(new) }))
    }
}
