//! Who a sovereign login server is: in `service.json` stands what it learned of its service on the first use and holds on
//! to, so that a relay can change neither name nor policy later.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use nod_login::Policy;
use nod_protocol::messages::Mode;
use nod_protocol::qr::RelayAddress;
use nod_protocol::{NumberPolicy, ServiceId};
use serde::{Deserialize, Serialize};

use crate::error::CliError;
use crate::rest::Rest;

const PIN_FILE: &str = "service.json";

/// What was pinned on the first use. The operator may edit the file.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Pinned {
    /// The relay's REST address.
    pub(super) relay: String,
    /// The address that phones dial, as QR codes name it.
    pub(super) phones_dial: RelayAddress,
    /// The service.
    pub(super) service_id: ServiceId,
    /// Its name, as phones show it.
    pub(super) name: String,
    /// Its domain, as phones show it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) domain: Option<String>,
    /// Its policy.
    pub(super) policy: Policy,
}

/// `GET /v1/service`.
#[derive(Deserialize)]
struct Said {
    service_id: ServiceId,
    name: String,
    domain: Option<String>,
    mode: Mode,
    policy: SaidPolicy,
    relay: Option<RelayAddress>,
}

#[derive(Deserialize)]
struct SaidPolicy {
    number: NumberPolicy,
    window_s: u32,
    life_s: u32,
}

impl Pinned {
    /// Reads what was pinned in `dir`, if anything was.
    ///
    /// # Errors
    /// [`CliError`] when the file cannot be read.
    pub(super) fn load(dir: &Path) -> Result<Option<Self>, CliError> {
        let path = dir.join(PIN_FILE);
        let text = match std::fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(CliError::File { path, kind: error.kind() }),
        };
        let pinned: Self = serde_json::from_slice(&text).map_err(|_| CliError::Damaged(path.clone()))?;
        pinned.policy.check().map_err(|_| CliError::Damaged(path))?;
        Ok(Some(pinned))
    }

    /// Asks the relay which service the API key opens.
    ///
    /// # Errors
    /// [`CliError`] when it cannot be asked, or when the relay itself is the service's login server.
    pub(super) async fn learn(rest: &Rest, relay: &str) -> Result<Self, CliError> {
        let said: Said = rest.get(&["service"], &[]).await?;
        if said.mode != Mode::Sovereign {
            return Err(CliError::NotSovereign);
        }
        let phones_dial = match said.relay {
            Some(address) => address,
            None => device_address(rest)?,
        };
        let SaidPolicy { number, window_s, life_s } = said.policy;
        let policy = Policy { number, window_s, life_s, ..Policy::default() };
        policy.check().map_err(|_| CliError::BadReply(relay.to_owned()))?;
        Ok(Self {
            relay: relay.to_owned(),
            phones_dial,
            service_id: said.service_id,
            name: said.name,
            domain: said.domain,
            policy,
        })
    }

    /// Pins it, unless another process has done so.
    ///
    /// # Errors
    /// [`CliError::File`] when it cannot be written.
    pub(super) fn save(&self, dir: &Path) -> Result<(), CliError> {
        let mut text = serde_json::to_vec_pretty(self).map_err(|_| CliError::Output)?;
        text.push(b'\n');
        create_whole(dir, PIN_FILE, &text)
    }
}

/// The address that phones dial, where the relay does not say it: the one of its REST interface.
fn device_address(rest: &Rest) -> Result<RelayAddress, CliError> {
    let base = rest.base();
    let bad = || CliError::BadRelay(base.to_string());
    let mut text = base.host_str().ok_or_else(bad)?.to_owned();
    if let Some(port) = base.port() {
        text.push_str(&format!(":{port}"));
    }
    if base.scheme() == "http" {
        text.insert_str(0, "ws://");
    }
    RelayAddress::parse(&text).map_err(|_| bad())
}

/// Makes the file `name` in `dir`, private and whole; one that is there already stays as it is.
pub(super) fn create_whole(dir: &Path, name: &str, text: &[u8]) -> Result<(), CliError> {
    let path = dir.join(name);
    let unfinished = dir.join(format!("{name}.{}", uuid::Uuid::now_v7()));
    let write = || -> std::io::Result<()> {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&unfinished)?;
        file.write_all(text)?;
        file.sync_all()?;
        // Unlike a rename, a link never replaces what another process made.
        match std::fs::hard_link(&unfinished, &path) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(error),
            Ok(()) | Err(_) => {}
        }
        std::fs::remove_file(&unfinished)?;
        File::open(dir)?.sync_all()
    };
    write().map_err(|error| CliError::File { path: path.clone(), kind: error.kind() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phones_dial_where_the_rest_interface_is() {
        for (rest, dial) in [
            ("http://127.0.0.1:7420", "ws://127.0.0.1:7420"),
            ("https://nod.example.org", "nod.example.org"),
            ("https://nod.example.org:8443/", "nod.example.org:8443"),
            ("http://[::1]:7420", "ws://[::1]:7420"),
        ] {
            assert_eq!(device_address(&Rest::new(rest, "k").unwrap()).unwrap().to_string(), dial);
        }
        assert!(device_address(&Rest::new("http://nod.example.org", "k").unwrap()).is_err());
    }
}
