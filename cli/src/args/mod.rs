//! The command line: every command, option and exit code, as `--help` shows it.

mod bench;
mod login;
mod methods;
mod phone;
mod relay;
mod service;

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

pub(crate) use bench::BenchArgs;
pub(crate) use login::{AskArgs, LoginArgs, LoginCommand};
pub(crate) use methods::{FobCommand, MethodCommand};
pub(crate) use phone::{MoveCommand, PhoneArgs, PhoneCommand};
pub(crate) use relay::{AuditCommand, OperatorCommand, OperatorsArgs, RelayArgs, RelayCommand};
pub(crate) use service::{ImportArgs, PolicyArgs, ServiceKey};

const AFTER: &str = "\
Output:
  With --json, stdout holds one JSON object a line and nothing else. Errors go to stderr, then as
  {\"error\":{\"type\",\"detail\"}}.

Exit codes:
  0  done                       1  failed                 2  wrong usage
  `nod login push`, `wait`, and `retry` and `switch` with --wait (the waiting commands):
  0  approved                   1  denied or reported     2  expired, superseded or cancelled
  3  anything else";

/// Nod: a self-hosted push-approval authenticator. A login server asks, a phone answers.
#[derive(Debug, Parser)]
#[command(name = "nod", version, after_help = AFTER, propagate_version = true)]
pub(crate) struct Cli {
    /// Print one JSON object a line on stdout, and nothing else there.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Start a relay, a demo login site and a phone in the browser, to try it all.
    Demo(DemoArgs),
    /// Run a relay, or look after its data.
    Relay(RelayArgs),
    /// Create services at a relay, and look after their keys.
    Service(ServiceArgs),
    /// Be a login server: enrol users, ask for approvals.
    Login(LoginArgs),
    /// Be a phone: enrol, and answer challenges.
    Phone(PhoneArgs),
    /// Measure speed and memory against a relay process of its own.
    Bench(BenchArgs),
}

/// `nod demo`.
#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// Where the demo listens.
    #[arg(long, value_name = "ADDR")]
    pub(crate) listen: Option<SocketAddr>,
    /// Where the demo keeps its data; without it, in a folder that is removed at the end.
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// Seconds that the user has from delivery to the phone, 10 to 300.
    #[arg(long, value_name = "S", value_parser = clap::value_parser!(u32).range(10..=300))]
    pub(crate) window: Option<u32>,
    /// Seconds that a challenge lives at most, 10 to 300.
    #[arg(long, value_name = "S", value_parser = clap::value_parser!(u32).range(10..=300))]
    pub(crate) life: Option<u32>,
}

/// `nod service`.
#[derive(Debug, Args)]
pub(crate) struct ServiceArgs {
    /// The relay, such as `http://127.0.0.1:7420` or `https://nod.example.org`.
    #[arg(long, env = "NOD_RELAY", value_name = "URL", global = true)]
    pub(crate) relay: Option<String>,
    /// The relay's admin key (better given by the environment than on the command line).
    #[arg(long, env = "NOD_ADMIN_KEY", hide_env_values = true, value_name = "KEY", global = true)]
    pub(crate) admin_key: Option<String>,
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: ServiceCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ServiceCommand {
    /// Create a service; prints its id and its API key, which is shown only this once.
    Add {
        /// The name that phones show, such as "Fjordbanken".
        name: String,
        /// The least number matching that its challenges use.
        #[arg(long, value_name = "tap|two|six")]
        number: Option<nod_protocol::NumberPolicy>,
        /// The organisation runs its own login server; the relay only routes.
        #[arg(long)]
        sovereign: bool,
        /// The domain that phones show, once you have checked that it is the service's own.
        #[arg(long)]
        domain: Option<String>,
    },
    /// Rotate the key that a service signs with. Phones follow by themselves.
    ///
    /// Of a managed service the relay holds the key: give the admin key and the service, or the service's own API key
    /// (NOD_API_KEY). Of a sovereign one --state names the folder that holds it; no relay is asked then.
    RotateKey {
        /// The service, with the admin key.
        #[arg(allow_hyphen_values = true)]
        service: Option<nod_protocol::ServiceId>,
        /// The service's own API key.
        #[arg(long, env = "NOD_API_KEY", hide_env_values = true, value_name = "KEY")]
        api_key: Option<String>,
        /// The state folder of a sovereign login server.
        #[arg(long, env = "NOD_STATE", value_name = "DIR")]
        state: Option<PathBuf>,
    },
    /// Take a managed service over: its key and its bindings go to DIR, and the relay only routes from then on.
    ///
    /// The relay never sees the new key. What is open ends. Every user is asked once, on the phone, to agree; until
    /// then that phone can be asked nothing. Run it again if it was cut short.
    ToSovereign {
        /// The service's own API key.
        #[arg(long, env = "NOD_API_KEY", hide_env_values = true, value_name = "KEY")]
        api_key: Option<String>,
        /// The folder that the sovereign login server is to have.
        #[arg(long, env = "NOD_STATE", value_name = "DIR")]
        state: Option<PathBuf>,
    },
    /// Import key fobs from a maker's file (CSV, or PSKC of RFC 6030). A second run changes nothing.
    ///
    /// Exits 1 when a fob was refused, or is there with another secret; the others are imported.
    ImportFobs(ImportArgs),
    /// List the service's key fobs.
    Fobs {
        /// Whose key.
        #[command(flatten)]
        by: ServiceKey,
    },
    /// Delete a key fob that belongs to nobody.
    DeleteFob {
        /// Whose key.
        #[command(flatten)]
        by: ServiceKey,
        /// Its serial number.
        #[arg(allow_hyphen_values = true)]
        serial: String,
    },
    /// Show what the service asks of its users' methods, or change it.
    Policy(PolicyArgs),
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_command_tree_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_of_the_contract_is_understood() {
        let lines = [
            "nod demo --listen 127.0.0.1:1 --data d --json --window 10 --life 40",
            "nod relay serve --config f --listen 127.0.0.1:7420 --data d --json",
            "nod relay backup f --data d",
            "nod relay restore f --data d",
            "nod relay audit verify --data d",
            "nod relay audit export --data d",
            "nod service add Bank --number six --sovereign --relay http://127.0.0.1:1 --admin-key k --json",
            "nod service rotate-key bLvpC921VAzoqqq8fDdlbg --admin-key k --relay http://127.0.0.1:1",
            "nod service rotate-key --api-key k --relay http://127.0.0.1:1 --json",
            "nod service rotate-key --state d",
            "nod service to-sovereign --state d --api-key k --relay http://127.0.0.1:1",
            "nod phone --vault v confirm-key bLvpC921VAzoqqq8fDdlbg",
            "nod login enrol alice --json",
            "nod login confirm bLvpC921VAzoqqq8fDdlbg 123456",
            "nod login push alice --number two --application Mail --domain a.example --ip 192.0.2.1 --no-wait --json",
            "nod login wait bLvpC921VAzoqqq8fDdlbg --state d",
            "nod login --state d retry bLvpC921VAzoqqq8fDdlbg",
            "nod login cancel bLvpC921VAzoqqq8fDdlbg",
            "nod login devices alice",
            "nod login revoke alice bLvpC921VAzoqqq8fDdlbg",
            "nod login attend --forever --state d",
            "nod login methods alice --order bLvpC921VAzoqqq8fDdlbg,-LvpC921VAzoqqq8fDdlbg --json",
            "nod login add-totp alice --label App",
            "nod login add-email alice alice@example.org",
            "nod login add-sms alice +46701234567",
            "nod login confirm-method alice bLvpC921VAzoqqq8fDdlbg 123456",
            "nod login remove-method alice bLvpC921VAzoqqq8fDdlbg",
            "nod login code bLvpC921VAzoqqq8fDdlbg 123456 --session s",
            "nod login resend bLvpC921VAzoqqq8fDdlbg",
            "nod login switch bLvpC921VAzoqqq8fDdlbg totp --wait",
            "nod login switch bLvpC921VAzoqqq8fDdlbg -LvpC921VAzoqqq8fDdlbg",
            "nod login push alice --method email --accept otp,push-number",
            "nod login recovery-codes alice",
            "nod login portal alice --return-to https://a.example --language sv",
            "nod login contacts alice --email a@example.org --phone +46701234567 --language nb",
            "nod login suspend alice",
            "nod login unsuspend alice",
            "nod login activity alice",
            "nod login fob assign alice 1001",
            "nod login fob resync alice bLvpC921VAzoqqq8fDdlbg 123456 654321",
            "nod service import-fobs f --format pskc --key k --dry-run",
            "nod service import-fobs f --passphrase-file p --api-key k",
            "nod service fobs --json",
            "nod service delete-fob 1001",
            "nod service policy --forbid sms,email --tries 3 --portal-return https://a.example --two-persons true",
            "nod relay operators add kim --role helpdesk,audit",
            "nod relay operators list --relay http://127.0.0.1:1 --admin-key k",
            "nod relay operators remove kim",
            "nod phone --vault v enrol nod:1/e --json",
            "nod phone --vault v accounts",
            "nod phone --vault v pending --wait 5",
            "nod phone --vault v approve bLvpC921VAzoqqq8fDdlbg --number 42",
            "nod phone deny bLvpC921VAzoqqq8fDdlbg --vault v",
            "nod phone --vault v report bLvpC921VAzoqqq8fDdlbg",
            "nod phone --vault v watch",
            "nod phone --vault v remove bLvpC921VAzoqqq8fDdlbg",
            "nod phone --vault v codes --json",
            "nod phone --vault v add-code -",
            "nod phone --vault v import-codes picture.png",
            "nod phone --vault v next-code bLvpC921VAzoqqq8fDdlbg",
            "nod phone --vault v rename-code bLvpC921VAzoqqq8fDdlbg Bank alice",
            "nod phone --vault v move-code bLvpC921VAzoqqq8fDdlbg 1",
            "nod phone --vault v remove-code bLvpC921VAzoqqq8fDdlbg",
            "nod phone --vault v export-codes f --force",
            "nod phone --vault v restore-codes f",
            "nod bench --json --only verify_us",
        ];
        for line in lines {
            if let Err(error) = Cli::try_parse_from(line.split(' ')) {
                panic!("{line}: {error}");
            }
        }
    }

    #[test]
    fn ids_that_begin_with_a_hyphen_are_ids() {
        for id in ["-MvpC921VAzoqqq8fDdlbg", "--vpC921VAzoqqq8fDdlbg", "-hvpC921VAzoqqq8fDdlbg"] {
            for line in [
                format!("nod phone approve {id} --number 42"),
                format!("nod phone --vault v deny {id} --json"),
                format!("nod login wait {id} --session s"),
                format!("nod login retry {id} --wait"),
                format!("nod login confirm {id} 123456 --json"),
                format!("nod login revoke alice {id}"),
                format!("nod login push alice --binding {id} --no-wait"),
                format!("nod phone remove {id}"),
                format!("nod phone confirm-key {id}"),
                format!("nod service rotate-key {id}"),
                format!("nod phone next-code {id} --json"),
                format!("nod phone remove-code {id}"),
                format!("nod login code {id} 123456"),
                format!("nod login switch {id} {id}"),
                format!("nod login confirm-method alice {id} 123456"),
            ] {
                if let Err(error) = Cli::try_parse_from(line.split(' ')) {
                    panic!("{line}: {error}");
                }
            }
        }
    }

    #[test]
    fn times_out_of_bounds_and_unknown_policies_are_refused() {
        for line in [
            "nod demo --window 9",
            "nod demo --life 301",
            "nod login push a --number three",
            "nod login push a --method smoke",
            "nod login push a --accept best",
        ] {
            assert!(Cli::try_parse_from(line.split(' ')).is_err(), "{line}");
        }
    }
}
