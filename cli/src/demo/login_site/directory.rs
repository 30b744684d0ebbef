//! What the organisation's directory knows of its people, told to the relay at sign-in, as any login server may do.

use serde_json::{Map, Value, json};

use super::relay_api::{Profile, RelayApi};
use super::users::{USERS, User};
use crate::error::CliError;

/// Tells the relay the user's addresses where they may be used, and gives the user's methods.
///
/// # Errors
/// [`CliError`] of the relay.
pub(super) async fn tell(relay: &RelayApi, user: &str) -> Result<Profile, CliError> {
    let profile = relay.profile(user).await?;
    let Some(known) = USERS.iter().find(|known| known.user == user) else { return Ok(profile) };
    if !may_use(known, &profile) {
        return Ok(profile);
    }
    relay.tell(user, &contacts(known)).await
}

/// What the directory does not know is left out: what the user told the relay stays.
fn contacts(known: &User) -> Value {
    let mut members = Map::new();
    members.insert("language".to_owned(), json!(known.language));
    for (name, address) in [("email", known.email), ("phone", known.phone)] {
        if let Some(address) = address {
            members.insert(name.to_owned(), json!(address));
        }
    }
    Value::Object(members)
}

/// Somebody who is to have a phone sets it up first: until then no address stands in for it.
fn may_use(known: &User, profile: &Profile) -> bool {
    known.without_phone || profile.has_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_stands_in_for_a_phone_only_after_the_phone_was_set_up() {
        let user = |name| USERS.iter().find(|known| known.user == name).unwrap();
        let profile = |text: &str| serde_json::from_str::<Profile>(text).unwrap();
        let nothing = profile(r#"{"methods":[]}"#);
        let something =
            profile(r#"{"methods":[{"method_id":"x","kind":"push","acr":"push-number","usable":true}]}"#);
        assert!(!may_use(user("anna"), &nothing) && may_use(user("anna"), &something));
        assert!(may_use(user("emil"), &nothing));
    }
}
