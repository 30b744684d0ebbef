//! The post of the demo: what the relay sent by e-mail and SMS arrives here, and a page shows it.

mod decode;
mod inbox;
mod message;
mod sms;
mod smtp;
mod smtp_server;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use nod_protocol::{OsRandom, Secret};
use nod_relay::serve::ServeError;
use nod_relay::settings::{SecretText, Security, Settings};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use zeroize::Zeroizing;

pub(super) use self::inbox::Inbox;
use super::login_site::users::{DOMAIN, ORGANISATION};
use crate::error::CliError;

/// The demo's mail server and SMS gateway, on ports of their own that only this machine reaches.
pub(super) struct Post {
    /// Where the mail server listens.
    smtp: SocketAddr,
    /// Where the SMS gateway listens.
    sms: SocketAddr,
    /// What the gateway's caller has to show.
    sms_key: Zeroizing<String>,
    /// What has arrived.
    pub(super) inbox: Arc<Inbox>,
    smtp_listener: TcpListener,
    sms_listener: TcpListener,
}

impl Post {
    /// Takes two free ports of the loopback address.
    ///
    /// # Errors
    /// [`CliError`] when there is none, or no random numbers.
    pub(super) async fn open() -> Result<Self, CliError> {
        let (smtp_listener, smtp) = listen().await?;
        let (sms_listener, sms) = listen().await?;
        let run = Secret::<8>::random(&OsRandom).map_err(|_| CliError::Random)?;
        let run = run.to_text().as_str().to_owned();
        Ok(Self {
            smtp,
            sms,
            sms_key: Secret::<32>::random(&OsRandom).map_err(|_| CliError::Random)?.to_text(),
            inbox: Inbox::new(run),
            smtp_listener,
            sms_listener,
        })
    }

    /// Has a relay send its letters here.
    pub(super) fn take_letters(&self, settings: &mut Settings) {
        let mail = &mut settings.mail;
        mail.host = Some(self.smtp.ip().to_string());
        mail.port = Some(self.smtp.port());
        mail.security = Security::None;
        mail.from = Some(format!("no-reply@{DOMAIN}"));
        let sms = &mut settings.sms;
        ORGANISATION.clone_into(&mut sms.from);
        let http = &mut sms.http;
        http.url = Some(format!("http://{}{}", self.sms, sms::PATH));
        http.headers.insert("Authorization".to_owned(), "Bearer {{ secret }}".to_owned());
        http.secret = Some(SecretText::new(self.sms_key.as_str().to_owned()));
        "application/json".clone_into(&mut http.content_type);
        r#"{"from":"{{ from }}","to":"{{ to }}","text":"{{ text }}"}"#.clone_into(&mut http.body);
    }

    /// Takes what comes until `stop` is cancelled.
    pub(super) fn serve(self, tracker: &TaskTracker, stop: &CancellationToken) {
        let Self { inbox, smtp_listener, sms_listener, sms_key, .. } = self;
        let connections = tracker.clone();
        let mails = smtp_server::serve(smtp_listener, Arc::clone(&inbox), connections, stop.clone());
        tracker.spawn(mails);
        tracker.spawn(sms::serve(sms_listener, inbox, sms_key, stop.clone()));
    }
}

/// A listener on a free port that only this machine reaches.
async fn listen() -> Result<(TcpListener, SocketAddr), CliError> {
    let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let failed =
        |error: std::io::Error| CliError::Serve(ServeError::Listen { address: any, kind: error.kind() });
    let listener = TcpListener::bind(any).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    Ok((listener, address))
}
