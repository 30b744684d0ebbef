//! `[console]`: the helpdesk console, and how its operators sign in. Off until one of the two ways is filled in.

use std::path::PathBuf;

use serde::Deserialize;

use super::env::{Variables, number};
use super::{SecretText, SettingsError, value};

/// `[console]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Console {
    /// Whether operators that this relay knows sign in with their phones.
    pub nod: bool,
    /// Whether operators sign in through an OpenID provider.
    pub oidc: Oidc,
}

/// `[console.oidc]`: on when there is an issuer; then `client_id` is needed too.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Oidc {
    /// The provider's issuer, exactly as it names itself: https, or http at a loopback address.
    pub issuer: Option<String>,
    /// The console's client id there.
    pub client_id: Option<String>,
    /// The client's secret; none for a public client, which PKCE protects.
    pub client_secret: Option<SecretText>,
    /// A file that holds the secret, instead of `client_secret`.
    pub client_secret_file: Option<PathBuf>,
    /// Scopes that are asked for beside `openid`.
    pub scopes: Vec<String>,
    /// The claim that says what an operator may do: a name, or names joined by dots.
    pub role_claim: String,
    /// Which values of the claim give which role.
    pub roles: RoleValues,
    /// A PEM file of certificates that are trusted for the provider beside the system's.
    pub ca_file: Option<PathBuf>,
}

/// `[console.oidc.roles]`: values of the role claim.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RoleValues {
    /// Finds users, issues reset tickets, suspends, revokes phones.
    pub helpdesk: Vec<String>,
    /// Finds users, assigns and revokes key fobs.
    pub fobs: Vec<String>,
    /// Reads users and the audit log, and changes nothing.
    pub auditor: Vec<String>,
    /// All of it, and the operators.
    pub admin: Vec<String>,
}

impl Default for Oidc {
    fn default() -> Self {
        Self {
            issuer: None,
            client_id: None,
            client_secret: None,
            client_secret_file: None,
            scopes: vec!["profile".to_owned()],
            role_claim: "roles".to_owned(),
            roles: RoleValues::default(),
            ca_file: None,
        }
    }
}

impl Console {
    /// Whether there is a console.
    #[must_use]
    pub const fn is_on(&self) -> bool {
        self.nod || self.oidc.issuer.is_some()
    }

    pub(super) fn take_env(&mut self, set: Variables<'_>) -> Result<(), SettingsError> {
        number(set, "NOD_CONSOLE_NOD", &mut self.nod)?;
        let oidc = &mut self.oidc;
        for (name, target) in [
            ("NOD_CONSOLE_OIDC_ISSUER", &mut oidc.issuer),
            ("NOD_CONSOLE_OIDC_CLIENT_ID", &mut oidc.client_id),
        ] {
            if let Some(text) = set(name) {
                *target = Some(text.trim().to_owned());
            }
        }
        if let Some(secret) = set("NOD_CONSOLE_OIDC_CLIENT_SECRET") {
            oidc.client_secret = Some(SecretText::new(secret.trim().to_owned()));
        }
        for (name, target) in [
            ("NOD_CONSOLE_OIDC_CLIENT_SECRET_FILE", &mut oidc.client_secret_file),
            ("NOD_CONSOLE_OIDC_CA_FILE", &mut oidc.ca_file),
        ] {
            if let Some(file) = set(name) {
                *target = Some(file.into());
            }
        }
        if let Some(claim) = set("NOD_CONSOLE_OIDC_ROLE_CLAIM") {
            claim.trim().clone_into(&mut oidc.role_claim);
        }
        for (name, target) in [
            ("NOD_CONSOLE_OIDC_SCOPES", &mut oidc.scopes),
            ("NOD_CONSOLE_OIDC_ROLES_HELPDESK", &mut oidc.roles.helpdesk),
            ("NOD_CONSOLE_OIDC_ROLES_FOBS", &mut oidc.roles.fobs),
            ("NOD_CONSOLE_OIDC_ROLES_AUDITOR", &mut oidc.roles.auditor),
            ("NOD_CONSOLE_OIDC_ROLES_ADMIN", &mut oidc.roles.admin),
        ] {
            if let Some(list) = set(name) {
                *target = list.split(',').map(|item| item.trim().to_owned()).collect();
            }
        }
        Ok(())
    }

    pub(super) fn check(&self) -> Result<(), SettingsError> {
        let Oidc { issuer, client_id, client_secret, client_secret_file, scopes, role_claim, .. } =
            &self.oidc;
        if let Some(issuer) = issuer {
            let url = reqwest::Url::parse(issuer)
                .map_err(|_| value("console.oidc.issuer", "not an https address"))?;
            let local = url.host_str().is_some_and(is_loopback);
            let plain = url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
            if !(url.scheme() == "https" || (url.scheme() == "http" && local)) || !plain {
                let reason = "not an https address (http is for loopback addresses alone)";
                return Err(value("console.oidc.issuer", reason));
            }
        }
        if issuer.is_some() != client_id.as_ref().is_some_and(|id| !id.is_empty()) {
            return Err(value("console.oidc.client_id", "issuer and client_id go together"));
        }
        if client_secret.is_some() && client_secret_file.is_some() {
            return Err(value("console.oidc.client_secret", "given twice: as text and as a file"));
        }
        let visible = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic());
        if !scopes.iter().all(|scope| visible(scope)) {
            return Err(value("console.oidc.scopes", "a scope is empty, or has a space or an odd character"));
        }
        if role_claim.is_empty() || role_claim.split('.').any(str::is_empty) {
            return Err(value("console.oidc.role_claim", "not a name, or names joined by dots"));
        }
        let roles = &self.oidc.roles;
        let given = [&roles.helpdesk, &roles.fobs, &roles.auditor, &roles.admin];
        if given.iter().any(|values| values.iter().any(|value| value.trim().is_empty())) {
            return Err(value("console.oidc.roles", "a value is blank: it would fit a blank claim"));
        }
        if issuer.is_some() && given.iter().all(|values| values.is_empty()) {
            return Err(value("console.oidc.roles", "no value gives a role: nobody could sign in"));
        }
        Ok(())
    }
}

fn is_loopback(host: &str) -> bool {
    let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    bare == "localhost" || bare.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::super::Settings;

    fn read(text: &str) -> Result<Settings, super::SettingsError> {
        Settings::from_text(text, &|_| None)
    }

    #[test]
    fn the_console_is_off_until_a_way_in_is_filled_in() {
        assert!(!read("").unwrap().console.is_on());
        assert!(!read("[console]\n[console.oidc]\nscopes = []").unwrap().console.is_on());
        assert!(read("[console]\nnod = true").unwrap().console.is_on());
    }

    #[test]
    fn each_mistake_in_the_provider_is_named() {
        let with = |lines: &str| {
            let roles = "roles = { admin = [\"a\"] }";
            read(&format!("[console.oidc]\n{roles}\n{lines}")).map_err(|error| error.to_string())
        };
        let good = "issuer = \"https://id.example\"\nclient_id = \"nod\"";
        assert!(with(good).unwrap().console.is_on());
        assert!(with("issuer = \"http://127.0.0.1:9\"\nclient_id = \"nod\"").is_ok());
        for (lines, setting) in [
            ("issuer = \"http://id.example\"\nclient_id = \"nod\"", "oidc.issuer"),
            ("issuer = \"id.example\"\nclient_id = \"nod\"", "oidc.issuer"),
            ("issuer = \"https://id.example\"", "oidc.client_id"),
            ("client_id = \"nod\"", "oidc.client_id"),
            (&format!("{good}\nscopes = [\"a b\"]"), "oidc.scopes"),
            (&format!("{good}\nrole_claim = \"a..b\""), "oidc.role_claim"),
            (&format!("{good}\nclient_secret = \"x\"\nclient_secret_file = \"y\""), "oidc.client_secret"),
        ] {
            let refused = with(lines).unwrap_err();
            assert!(refused.contains(setting), "{lines}: {refused}");
        }
        for roles in ["{ admin = [\"\"] }", "{ admin = [\"a\"], auditor = [\"b\", \" \"] }"] {
            let blank = read(&format!("[console.oidc]\n{good}\nroles = {roles}")).unwrap_err().to_string();
            assert!(blank.contains("oidc.roles") && blank.contains("blank"), "{blank}");
        }
        let nobody = read(&format!("[console.oidc]\n{good}")).unwrap_err().to_string();
        assert!(nobody.contains("oidc.roles"), "{nobody}");
    }

    #[test]
    fn the_clients_secret_is_not_printed() {
        let text = "[console.oidc]\nissuer = \"https://id.example\"\nclient_id = \"nod\"\n\
                    client_secret = \"hush-hush\"\nroles = { admin = [\"a\"] }";
        let settings = read(text).unwrap();
        assert_eq!(settings.console.oidc.client_secret.as_ref().unwrap().expose(), "hush-hush");
        assert!(!format!("{settings:?}").contains("hush"));
    }
}
