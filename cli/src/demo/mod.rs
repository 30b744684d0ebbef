//! `nod demo`: a relay, a demo login site and a phone in the browser, in one process.

mod assets;
mod folder;
mod follow;
mod login_site;
mod mail;
mod people;
mod phone_site;
mod problem;
mod security;
mod service;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use nod_phone::MoveError;
use nod_protocol::qr::RelayAddress;
use nod_relay::keys::ADMIN_KEY_FILE;
use nod_relay::serve::{Running, ServeError, serve};
use nod_relay::settings::{DEFAULT_PORT, Log, Settings};
use serde::Serialize;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::args::DemoArgs;
use crate::error::CliError;
use crate::exit::Exit;
use crate::out::Out;
use crate::rest::Rest;
use folder::Folder;
use login_site::{LoginSite, Premises};
use mail::Post;
use phone_site::PhoneSite;
use service::Times;

/// How long open requests may take to end.
const DRAIN: Duration = Duration::from_secs(5);

/// Where the three parts of the demo are.
#[derive(Debug, Clone, Serialize)]
struct Addresses {
    relay: String,
    login: String,
    phone: String,
}

/// A demo that runs.
struct Demo {
    addresses: Addresses,
    phones: Arc<PhoneSite>,
    relay: Running,
    stop_sites: CancellationToken,
    stop_relay: CancellationToken,
    sites: TaskTracker,
    /// Goes last: a temporary one is removed.
    _folder: Folder,
}

/// Serves the demo until SIGTERM or SIGINT.
///
/// # Errors
/// [`CliError`] says why it could not be done.
pub(crate) async fn run(args: DemoArgs, out: Out) -> Result<Exit, CliError> {
    // Refused only where a logger is installed already.
    let _ = nod_relay::log::install(&Log { filter: "warn".to_owned(), ..Log::default() });
    let kept = args.data.is_some();
    let demo = Demo::start(&args).await?;
    out.answer(&demo.addresses, || words(&demo.addresses, kept))?;
    if !listen_of(&args).ip().is_loopback() {
        out.aside("Whoever reaches this address can use these phones: it is a demonstration.");
    }
    crate::signal::asked_to_end().await;
    out.aside("Ending…");
    demo.end().await;
    Ok(Exit::Done)
}

impl Demo {
    async fn start(args: &DemoArgs) -> Result<Self, CliError> {
        let listen = listen_of(args);
        let folder = Folder::open(args.data.as_deref())?;
        let login_listener = bind(listen, 1).await?;
        let phone_listener = bind(listen, 2).await?;
        let (login_at, phone_at) =
            (address_of(&login_listener, listen)?, address_of(&phone_listener, listen)?);

        let stop_relay = CancellationToken::new();
        let data = folder.folder("relay")?;
        let post = Post::open().await?;
        let relay = serve(relay_settings(listen, data.clone(), &post), stop_relay.clone()).await?;
        let addresses = Addresses {
            relay: format!("http://{}", reachable(relay.addr)),
            login: format!("http://{}/", reachable(login_at)),
            phone: format!("http://{}/d/1", reachable(phone_at)),
        };
        let admin_file = data.join(ADMIN_KEY_FILE);
        let admin_key = folder::read(&admin_file)?.ok_or(CliError::Damaged(admin_file))?;
        let times = Times::of(args.window, args.life);
        let origins = origins(login_at);
        let policy = service::policy(times, &origins);
        let (id, rest) =
            service::ensure(&addresses.relay, admin_key.trim(), &folder.at("login.json"), &policy).await?;
        let pocket = people::equip(&rest, id, &folder.at("paper.json")).await?;

        let (stop_sites, sites) = (CancellationToken::new(), TaskTracker::new());
        let premises = Premises {
            rest,
            admin: Rest::new(&addresses.relay, admin_key.trim())?,
            service: id,
            phone_url: addresses.phone.clone(),
            origins,
            inbox: Arc::clone(&post.inbox),
            pocket,
        };
        let login = LoginSite::new(premises, stop_sites.clone());
        let meet =
            RelayAddress::parse(&format!("ws://{}", reachable(relay.addr))).map_err(MoveError::from)?;
        let phones =
            PhoneSite::new(folder.folder("phones")?, addresses.login.clone(), meet, stop_sites.clone())
                .map_err(|_| CliError::Random)?;
        let listeners = [
            (login_listener, login.router(login_at)),
            (phone_listener, Arc::clone(&phones).router(phone_at)),
        ];
        for (listener, router) in listeners {
            sites.spawn(run_site(listener, router, stop_sites.clone()));
        }
        post.serve(&sites, &stop_sites);
        sites.close();
        Ok(Self { addresses, phones, relay, stop_sites, stop_relay, sites, _folder: folder })
    }

    /// Ends what is open: first the pages, then the phones, then the relay.
    async fn end(self) {
        self.stop_sites.cancel();
        // What takes longer is cut off by the end of the process.
        let _ = tokio::time::timeout(DRAIN, self.sites.wait()).await;
        let _ = tokio::time::timeout(DRAIN, self.phones.close()).await;
        self.stop_relay.cancel();
        self.relay.wait().await;
    }
}

async fn run_site(listener: TcpListener, router: Router, stop: CancellationToken) {
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    let served = axum::serve(listener, service).with_graceful_shutdown(stop.cancelled_owned()).await;
    if let Err(error) = served {
        tracing::error!(%error, "a site of the demo ended");
    }
}

fn listen_of(args: &DemoArgs) -> SocketAddr {
    args.listen.unwrap_or_else(|| SocketAddr::from((Ipv4Addr::LOCALHOST, DEFAULT_PORT)))
}

/// The names under which a browser on this machine knows the site, the one that is shown first.
fn origins(site: SocketAddr) -> Vec<String> {
    vec![format!("http://{}", reachable(site)), format!("http://localhost:{}", site.port())]
}

/// The relay's settings. It stays on the loopback address: its phones are in this process. Letters go to `post`.
fn relay_settings(listen: SocketAddr, data: std::path::PathBuf, post: &Post) -> Settings {
    let ip = if listen.ip().is_loopback() { listen.ip() } else { loopback_like(listen.ip()) };
    let mut settings = Settings { listen: SocketAddr::new(ip, listen.port()), data, ..Settings::default() };
    post.take_letters(&mut settings);
    settings.console.nod = true;
    settings.drain.spread_s = 0;
    settings.drain.deadline_s = DRAIN.as_secs();
    settings
}

const fn loopback_like(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::LOCALHOST),
    }
}

/// The address to open: one that listens everywhere is reached on this machine.
const fn reachable(at: SocketAddr) -> SocketAddr {
    if at.ip().is_unspecified() { SocketAddr::new(loopback_like(at.ip()), at.port()) } else { at }
}

/// Binds the port that is `offset` after the relay's; any free one when that is 0.
async fn bind(listen: SocketAddr, offset: u16) -> Result<TcpListener, CliError> {
    let failed = |address, kind| CliError::Serve(ServeError::Listen { address, kind });
    let port = if listen.port() == 0 { Some(0) } else { listen.port().checked_add(offset) };
    let port = port.ok_or_else(|| failed(listen, std::io::ErrorKind::AddrNotAvailable))?;
    let address = SocketAddr::new(listen.ip(), port);
    TcpListener::bind(address).await.map_err(|error| failed(address, error.kind()))
}

fn address_of(listener: &TcpListener, listen: SocketAddr) -> Result<SocketAddr, CliError> {
    listener
        .local_addr()
        .map_err(|error| CliError::Serve(ServeError::Listen { address: listen, kind: error.kind() }))
}

fn words(addresses: &Addresses, kept: bool) -> String {
    let Addresses { relay, login, phone } = addresses;
    let end = if kept { "" } else { " Its data is then removed; --data DIR keeps it." };
    format!(
        "The demo is running.\n\n    Login site   {login}\n    Phone        {phone}\n    Relay        {relay}/\n\n\
         Open the login site and the phone side by side, and sign in as one of the people on the page.\n\
         Ctrl-C ends it.{end}\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_relay_stays_on_this_machine_wherever_the_pages_are() {
        let post = Post::open().await.unwrap();
        for (listen, relay) in [
            ("127.0.0.1:7420", "127.0.0.1:7420"),
            ("0.0.0.0:7420", "127.0.0.1:7420"),
            ("192.0.2.1:80", "127.0.0.1:80"),
            ("[::]:1", "[::1]:1"),
        ] {
            let settings = relay_settings(listen.parse().unwrap(), "data".into(), &post);
            assert_eq!(settings.listen, relay.parse().unwrap());
            assert!(settings.check().is_ok(), "{listen}");
        }
    }

    #[tokio::test]
    async fn a_port_that_leaves_no_room_is_refused_by_name() {
        let Err(error) = bind("127.0.0.1:65535".parse().unwrap(), 1).await else { panic!("bound") };
        assert!(error.to_string().contains("65535"), "{error}");
    }
}
