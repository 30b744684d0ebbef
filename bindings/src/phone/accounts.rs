//! What a user changes about an account.

use super::{NodPhone, blocking, parse};
use crate::error::NodError;

#[uniffi::export(async_runtime = "tokio")]
impl NodPhone {
    /// Gives an account another label, of at most 128 characters.
    ///
    /// # Errors
    /// [`NodError::NotFound`] or [`NodError::BadName`].
    pub async fn rename(&self, account: String, label: String) -> Result<(), NodError> {
        let (phone, id) = (self.0.clone(), parse(&account, "account")?);
        blocking(move || Ok(phone.rename(id, &label)?)).await
    }

    /// Removes an account and its keys from this phone. Its login server is not told.
    ///
    /// # Errors
    /// [`NodError::NotFound`] when there is no such account.
    pub async fn remove(&self, account: String) -> Result<(), NodError> {
        let (phone, id) = (self.0.clone(), parse(&account, "account")?);
        blocking(move || Ok(phone.remove(id)?)).await
    }

    /// The user agrees that an account's service verifies answers itself from now on.
    ///
    /// # Errors
    /// [`NodError::NotFound`] when its service does not ask.
    pub async fn confirm_key_change(&self, account: String) -> Result<(), NodError> {
        let (phone, id) = (self.0.clone(), parse(&account, "account")?);
        blocking(move || Ok(phone.confirm_key_change(id)?)).await
    }
}
