//! Real processes: the built `nod`, its relays, and what they print. Waits for lines, never for time.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test's helper fails by panicking, with what was expected"
)]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use serde_json::Value;

/// The longest that any line or end is waited for.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// The `nod` binary: `NOD_BIN`, or what `cargo build` makes, once per test program.
#[must_use]
pub fn nod() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        #[allow(clippy::disallowed_methods, reason = "a test's own setting")]
        if let Ok(path) = std::env::var("NOD_BIN") {
            return PathBuf::from(path);
        }
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let output = Command::new(env!("CARGO"))
            .args(["build", "-q", "-p", "nod", "--message-format", "json"])
            .current_dir(root)
            .stderr(Stdio::inherit())
            .output()
            .unwrap();
        assert!(output.status.success(), "nod does not build");
        let text = String::from_utf8(output.stdout).unwrap();
        let built = text
            .lines()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok())
            .filter_map(|message| message["executable"].as_str().map(PathBuf::from))
            .next_back();
        built.expect("cargo names the binary that it built")
    })
}

/// A `nod --json` command line with nothing of this process's environment that could change what it does.
#[must_use]
pub fn command(args: &[&str]) -> Command {
    let mut command = Command::new(nod());
    command.arg("--json").args(args).env_clear();
    command
}

/// A process that runs, whose stdout is read line by line.
pub struct Running {
    child: Child,
    lines: Receiver<String>,
    what: String,
}

impl Running {
    /// Starts `command`, which has nothing to read.
    #[must_use]
    pub fn start(command: &mut Command) -> Self {
        Self::start_with(command, Stdio::null())
    }

    /// Starts `command`, which is told lines.
    #[must_use]
    pub fn start_talking(command: &mut Command) -> Self {
        Self::start_with(command, Stdio::piped())
    }

    /// Writes a line to its standard input.
    pub fn say(&mut self, line: &str) {
        writeln!(self.child.stdin.as_mut().unwrap(), "{line}").unwrap();
    }

    fn start_with(command: &mut Command, stdin: Stdio) -> Self {
        let what = format!("{:?}", command.get_args().collect::<Vec<_>>());
        let mut child = command
            .stdin(stdin)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{what}: {error}"));
        let stdout = child.stdout.take().unwrap();
        let (send, lines) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if send.send(line).is_err() {
                    break;
                }
            }
        });
        Self { child, lines, what }
    }

    /// The next line, which must be one JSON object.
    pub fn object(&mut self) -> Value {
        let line = self.lines.recv_timeout(PATIENCE).unwrap_or_else(|_| {
            // What it says of itself explains more than a missing line.
            self.child.kill().ok();
            let mut said = String::new();
            self.child.stderr.take().map(|mut err| err.read_to_string(&mut said));
            panic!("{} printed no further line: {said}", self.what)
        });
        let value: Value =
            serde_json::from_str(&line).unwrap_or_else(|_| panic!("{} printed {line:?}", self.what));
        assert!(value.is_object(), "{} printed {line:?}", self.what);
        value
    }

    /// Asks it to end, as a service manager does.
    pub fn terminate(&self) {
        let killed = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().unwrap();
        assert!(killed.success());
    }

    /// Kills it, as a power cut does.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Waits for its end.
    #[must_use]
    pub fn finish(mut self) -> Done {
        let begin = Instant::now();
        // The reader ends with the process's stdout.
        let mut objects = Vec::new();
        while let Ok(line) = self.lines.recv_timeout(PATIENCE.saturating_sub(begin.elapsed())) {
            objects.push(
                serde_json::from_str(&line).unwrap_or_else(|_| panic!("{} printed {line:?}", self.what)),
            );
        }
        assert!(begin.elapsed() < PATIENCE, "{} does not end", self.what);
        let mut said = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        let status = self.child.wait().unwrap();
        Done { code: status.code(), objects, said, what: std::mem::take(&mut self.what) }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It has ended, or a test has failed and nobody wants it any more.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// A process that has ended.
#[derive(Debug)]
pub struct Done {
    /// Its exit code.
    pub code: Option<i32>,
    /// What it printed on stdout since it was last asked.
    pub objects: Vec<Value>,
    /// What it said on stderr.
    pub said: String,
    what: String,
}

impl Done {
    /// The one object that it printed, if it ended with `code`.
    #[track_caller]
    #[must_use]
    pub fn with(mut self, code: i32) -> Value {
        assert_eq!(self.code, Some(code), "{}: {:?} {}", self.what, self.objects, self.said);
        assert_eq!(self.objects.len(), 1, "{}: {:?} {}", self.what, self.objects, self.said);
        self.objects.remove(0)
    }

    /// All objects that it printed, if it ended with `code`.
    #[track_caller]
    #[must_use]
    pub fn all_with(self, code: i32) -> Vec<Value> {
        assert_eq!(self.code, Some(code), "{}: {:?} {}", self.what, self.objects, self.said);
        self.objects
    }

    /// The error that it reported, if it ended with `code` and printed nothing.
    #[track_caller]
    #[must_use]
    pub fn error(self, code: i32) -> Value {
        assert_eq!(self.code, Some(code), "{}: {:?} {}", self.what, self.objects, self.said);
        assert!(self.objects.is_empty(), "{}: {:?}", self.what, self.objects);
        let value: Value =
            serde_json::from_str(self.said.trim()).unwrap_or_else(|_| panic!("{}: {}", self.what, self.said));
        value["error"].clone()
    }
}

/// Runs `command` to its end.
#[must_use]
pub fn run(command: &mut Command) -> Done {
    Running::start(command).finish()
}

/// A relay process on a port of its own.
pub struct Relay {
    running: Running,
    /// Where it is, as `NOD_RELAY` names it.
    pub url: String,
    /// Its admin key.
    pub admin_key: String,
}

impl Relay {
    /// Starts a relay with its data in `dir`, on a free port.
    #[must_use]
    pub fn start(dir: &Path) -> Self {
        Self::start_at(dir, "127.0.0.1:0")
    }

    /// Starts a relay with its data in `dir` at `address`.
    #[must_use]
    pub fn start_at(dir: &Path, address: &str) -> Self {
        Self::started(command(&["relay", "serve", "--listen", address, "--data", dir.to_str().unwrap()]))
    }

    /// Starts a relay with its data in `dir`, on a free port, under variables that set something.
    #[must_use]
    pub fn start_with(dir: &Path, variables: &[(&str, String)]) -> Self {
        let data = dir.to_str().unwrap();
        let mut serve = command(&["relay", "serve", "--listen", "127.0.0.1:0", "--data", data]);
        serve.envs(variables.iter().map(|(name, value)| (name, value)));
        Self::started(serve)
    }

    fn started(mut serve: Command) -> Self {
        let mut running = Running::start(&mut serve);
        let first = running.object();
        let file = first["admin_key_file"].as_str().unwrap();
        let admin_key = std::fs::read_to_string(file).unwrap().trim().to_owned();
        let url = format!("http://{}", first["listening"].as_str().unwrap());
        Self { running, url, admin_key }
    }

    /// Asks it to end and waits for that; true when it ended well.
    #[must_use]
    pub fn stop(self) -> bool {
        self.running.terminate();
        self.running.finish().code == Some(0)
    }

    /// Asks it to end, and hands back its log.
    #[must_use]
    pub fn stop_and_tell(self) -> String {
        self.running.terminate();
        self.running.finish().said
    }

    /// Kills it.
    pub fn kill(&mut self) {
        self.running.kill();
    }

    /// Creates a service; returns its API key.
    #[must_use]
    pub fn add_service(&self, args: &[&str]) -> String {
        let mut add = command(&["service", "add"]);
        add.args(args).env("NOD_RELAY", &self.url).env("NOD_ADMIN_KEY", &self.admin_key);
        let made = run(&mut add).with(0);
        assert!(made["service_id"].is_string());
        made["api_key"].as_str().unwrap().to_owned()
    }

    /// One REST call with `key`; returns the status and the body.
    #[must_use]
    pub fn call(&self, method: &str, path: &str, key: &str, body: &Value) -> (u16, Value) {
        let host = self.url.strip_prefix("http://").unwrap();
        let mut stream = TcpStream::connect(host).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let body = body.to_string();
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {key}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (status, serde_json::from_str(body).unwrap_or(Value::Null))
    }
}
