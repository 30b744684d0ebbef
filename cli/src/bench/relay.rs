//! A relay process of the bench's own: started, watched from outside, killed.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use nod_protocol::qr::RelayAddress;
use rcgen::{CertifiedKey, generate_simple_self_signed};
use serde::Deserialize;
use tempfile::TempDir;

use super::error::BenchError;
use super::http::Http;

/// How long a relay may take to be ready.
const PATIENCE: Duration = Duration::from_secs(60);

/// A folder with a relay's settings and data, removed when dropped.
pub(super) struct Folder {
    dir: TempDir,
    /// The certificate to trust, where the relay speaks TLS.
    pub(super) certificate: Option<rustls::pki_types::CertificateDer<'static>>,
}

impl Folder {
    /// Makes a folder for a relay without TLS.
    pub(super) fn new() -> Result<Self, BenchError> {
        let dir = tempfile::Builder::new().prefix("nod-bench-").tempdir()?;
        let folder = Self { dir, certificate: None };
        folder.write_settings("")?;
        Ok(folder)
    }

    /// Lets the relay speak TLS from its next start on, with a self-signed certificate.
    pub(super) fn with_tls(mut self) -> Result<Self, BenchError> {
        let CertifiedKey { cert, signing_key } =
            generate_simple_self_signed(["127.0.0.1".to_owned()]).map_err(|_| BenchError::Certificate)?;
        let (cert_file, key_file) = (self.path("cert.pem"), self.path("key.pem"));
        std::fs::write(&cert_file, cert.pem())?;
        std::fs::write(&key_file, signing_key.serialize_pem())?;
        self.write_settings(&format!("[tls]\ncert = {cert_file:?}\nkey = {key_file:?}\n"))?;
        self.certificate = Some(cert.der().clone());
        Ok(self)
    }

    /// The default settings, but 0 (no limit) for what one service and one address may ask for: here they make all
    /// of the load.
    fn write_settings(&self, tls: &str) -> Result<(), BenchError> {
        let settings = format!(
            "listen = \"127.0.0.1:0\"\ndata = {:?}\n\
             [devices]\nconnects_per_second = 0\n\
             [limits]\nservice_per_second = 0\n{tls}",
            self.data()
        );
        Ok(std::fs::write(self.path("nod.toml"), settings)?)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Where the relay keeps its data.
    pub(super) fn data(&self) -> PathBuf {
        self.path("data")
    }
}

/// What `nod --json relay serve` says first.
#[derive(Deserialize)]
struct FirstLine {
    listening: String,
    #[serde(default)]
    admin_key: Option<String>,
}

/// A running relay process; killed when dropped.
pub(super) struct Relay {
    child: Child,
    /// Kept open, so that the relay can write to it.
    _stdout: BufReader<ChildStdout>,
    /// Where it listens.
    pub(super) address: SocketAddr,
    /// Whether it speaks TLS.
    pub(super) tls: bool,
    /// The admin key, on the first start in its folder.
    pub(super) admin_key: Option<String>,
    /// From the start of the process until it was ready.
    pub(super) took: Duration,
}

impl Relay {
    /// Starts a relay in `folder` and returns when it is ready.
    pub(super) async fn start(folder: &Folder) -> Result<Self, BenchError> {
        let started = Instant::now();
        let program = std::env::current_exe()?;
        let (settings, log) = (folder.path("nod.toml"), folder.path("log"));
        let errors = File::create(&log)?;
        let launch = move || -> Result<_, BenchError> {
            let mut command = Command::new(program);
            // Nothing of the caller's environment may change the settings.
            command.args(["--json", "relay", "serve", "--config"]).arg(settings).env_clear();
            let command = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(errors);
            let mut child = Killed(Some(command.spawn().map_err(|error| BenchError::Spawn(error.kind()))?));
            let stdout = child.0.as_mut().and_then(|child| child.stdout.take()).ok_or(BenchError::Task)?;
            let mut stdout = BufReader::new(stdout);
            let mut line = String::new();
            stdout.read_line(&mut line)?;
            let first: FirstLine =
                serde_json::from_str(&line).map_err(|_| BenchError::NotUp(last_words(&log)))?;
            Ok((child.0.take().ok_or(BenchError::Task)?, stdout, first))
        };
        let (child, stdout, first) = tokio::task::spawn_blocking(launch).await??;
        let text = first.listening.rsplit('/').next().unwrap_or_default();
        let tls = folder.certificate.is_some();
        let address = text.parse();
        let mut relay = Self {
            child,
            _stdout: stdout,
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            tls,
            admin_key: first.admin_key,
            took: Duration::ZERO,
        };
        relay.address = address.map_err(|_| BenchError::BadReply("the relay's address"))?;
        if !tls {
            relay.ready(started).await?;
        }
        relay.took = started.elapsed();
        Ok(relay)
    }

    async fn ready(&self, started: Instant) -> Result<(), BenchError> {
        while started.elapsed() < PATIENCE {
            if let Ok(mut http) = Http::connect(self.address, "").await
                && let Ok(answer) = http.call("GET", "/readyz", None).await
                && answer.status == 200
            {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        Err(BenchError::NotReady)
    }

    /// The URL that phones dial.
    pub(super) fn device_url(&self) -> Result<String, BenchError> {
        let scheme = if self.tls { "wss" } else { "ws" };
        let address = RelayAddress::parse(&format!("{scheme}://{}", self.address));
        Ok(address.map_err(|_| BenchError::BadReply("the relay's address"))?.device_url())
    }

    /// CPU that the process has used, user and system, in microseconds.
    pub(super) fn cpu_us(&self) -> Result<f64, BenchError> {
        let stat = self.proc("stat")?;
        // The name in brackets may hold anything; what follows it is numbers.
        let (_, fields) = stat.rsplit_once(')').ok_or(BenchError::NoProc)?;
        let mut fields = fields.split_ascii_whitespace().skip(11).map(str::parse::<f64>);
        let (Some(Ok(user)), Some(Ok(system))) = (fields.next(), fields.next()) else {
            return Err(BenchError::NoProc);
        };
        let ticks = u32::try_from(rustix::param::clock_ticks_per_second()).map_err(|_| BenchError::NoProc)?;
        Ok((user + system) * 1e6 / f64::from(ticks))
    }

    /// Resident memory of the process, in bytes.
    pub(super) fn resident_bytes(&self) -> Result<f64, BenchError> {
        let rollup = self.proc("smaps_rollup")?;
        let line = rollup.lines().find_map(|line| line.strip_prefix("Rss:")).ok_or(BenchError::NoProc)?;
        let kib: f64 = line.trim().trim_end_matches("kB").trim().parse().map_err(|_| BenchError::NoProc)?;
        Ok(kib * 1024.0)
    }

    fn proc(&self, file: &str) -> Result<String, BenchError> {
        let path = Path::new("/proc").join(self.child.id().to_string()).join(file);
        std::fs::read_to_string(path).map_err(|_| BenchError::NoProc)
    }

    /// Kills the process (SIGKILL) and waits until it has gone.
    pub(super) async fn kill(mut self) -> Result<(), BenchError> {
        self.child.kill()?;
        tokio::task::spawn_blocking(move || self.child.wait().map(|_| ())).await??;
        Ok(())
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        end(&mut self.child);
    }
}

/// A child that has not been taken over yet.
struct Killed(Option<Child>);

impl Drop for Killed {
    fn drop(&mut self) {
        if let Some(child) = &mut self.0 {
            end(child);
        }
    }
}

fn end(child: &mut Child) {
    // Fails only when it has gone already.
    let _ = child.kill();
    let _ = child.wait();
}

/// The last line that the relay logged.
fn last_words(log: &Path) -> String {
    let log = std::fs::read_to_string(log).unwrap_or_default();
    log.lines().last().unwrap_or("nothing").to_owned()
}
