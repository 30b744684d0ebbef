//! The push services that are on, as one.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use nod_protocol::Random;
use nod_protocol::messages::{WakeOffer, WakeTarget};
use reqwest::Certificate;

use super::apns::Apns;
use super::client::Setup;
use super::fcm::Fcm;
use super::outcome::Sent;
use super::web_push::{Subscription, WebPush};
use super::{Message, WakeError};
use crate::settings::Wake;

/// The push services that are on.
pub(super) struct Push {
    web_push: Option<WebPush>,
    fcm: Option<Fcm>,
    apns: Option<Apns>,
    timeout: Duration,
}

impl Push {
    /// Sets up what the settings name.
    pub(super) fn new(
        settings: &Wake,
        dir: Option<&Path>,
        random: Arc<dyn Random>,
    ) -> Result<Self, WakeError> {
        let roots = match &settings.ca_file {
            None => Vec::new(),
            Some(file) => {
                let pem = WakeError::read("wake.ca_file", file)?;
                let read = Certificate::from_pem_bundle(pem.as_bytes()).unwrap_or_default();
                if read.is_empty() {
                    let what = "holds no PEM certificates";
                    return Err(WakeError::Malformed { setting: "wake.ca_file", what });
                }
                read
            }
        };
        let timeout = Duration::from_secs(settings.timeout_s);
        let setup = Setup { timeout, roots: &roots };
        Ok(Self {
            web_push: WebPush::new(&settings.web_push, dir, &setup, random)?,
            fcm: Fcm::new(&settings.fcm, &setup)?,
            apns: Apns::new(&settings.apns, &setup)?,
            timeout,
        })
    }

    /// The time that one attempt may take.
    pub(super) const fn timeout(&self) -> Duration {
        self.timeout
    }

    /// What phones are told.
    pub(super) fn offer(&self) -> WakeOffer {
        WakeOffer {
            web_push: self.web_push.as_ref().map(WebPush::public_key),
            fcm: self.fcm.as_ref().map(|fcm| fcm.project().to_owned()),
            apns: self.apns.as_ref().map(|apns| apns.topic().to_owned()),
        }
    }

    /// Whether a target is of a service that is on, and may be dialled.
    pub(super) fn takes(&self, target: &WakeTarget) -> bool {
        match target {
            WakeTarget::WebPush { endpoint, .. } => {
                self.web_push.as_ref().is_some_and(|web_push| web_push.takes(endpoint))
            }
            WakeTarget::Fcm { .. } => self.fcm.is_some(),
            WakeTarget::Apns { sandbox, .. } => self.apns.as_ref().is_some_and(|apns| apns.takes(*sandbox)),
        }
    }

    /// One attempt.
    pub(super) async fn send(&self, target: &WakeTarget, message: Message<'_>) -> Sent {
        match (target, &self.web_push, &self.fcm, &self.apns) {
            (WakeTarget::WebPush { endpoint, p256dh, auth }, Some(web_push), ..) => {
                web_push.send(Subscription { endpoint, p256dh, auth }, message).await
            }
            (WakeTarget::Fcm { token }, _, Some(fcm), _) => fcm.send(token, message).await,
            (WakeTarget::Apns { token, sandbox }, .., Some(apns)) => {
                apns.send(token, *sandbox, message).await
            }
            _ => Sent::Refused("off"),
        }
    }
}
