//! The operators of the helpdesk console: what they may do, and how they sign in, through an OpenID provider or with Nod.

pub mod desk;
pub mod oidc;
pub mod phones;
pub mod roles;

pub use self::desk::{Desk, DeskError, DeskParts, Operator};
pub use self::roles::{Right, Role, RoleSet};

use std::sync::Arc;

use nod_login::Clock;
use nod_protocol::Random;

use self::oidc::{Oidc, OidcSetupError};
use crate::keys::MasterKey;
use crate::managed::Services;
use crate::pages::Cookies;
use crate::settings::Settings;
use crate::store::RelayStore;

/// Where an OpenID provider sends browsers back to, below the relay's origin.
pub const CALLBACK: &str = "/console/oidc/callback";

/// The console's desk, where the settings ask for one. No provider is asked anything yet.
///
/// # Errors
/// [`OidcSetupError`] when a file that the settings name cannot be used.
pub fn open(
    settings: &Settings,
    store: &RelayStore,
    services: &Arc<Services>,
    clock: &Arc<dyn Clock>,
    random: &Arc<dyn Random>,
    master: &Arc<MasterKey>,
) -> Result<Option<Arc<Desk>>, OidcSetupError> {
    let console = &settings.console;
    if !console.is_on() {
        return Ok(None);
    }
    let oidc = match &console.oidc.issuer {
        None => None,
        Some(_) => {
            let redirect = format!("{}{CALLBACK}", Cookies::new(services.relay()).origin());
            let (clock, random) = (Arc::clone(clock), Arc::clone(random));
            Some(Oidc::new(&console.oidc, &settings.data, redirect, clock, random)?)
        }
    };
    let parts = DeskParts {
        store: store.clone(),
        services: Arc::clone(services),
        clock: Arc::clone(clock),
        random: Arc::clone(random),
        master: Arc::clone(master),
        oidc,
        nod: console.nod,
    };
    Ok(Some(Arc::new(Desk::new(parts))))
}
