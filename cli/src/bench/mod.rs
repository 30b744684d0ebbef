//! `nod bench`: speed and memory, measured from outside against a relay process of its own.

mod durable;
mod error;
mod fleet;
mod http;
mod idle;
mod load;
mod managed;
mod moving;
mod phone;
mod reconnect;
mod relay;
mod report;
mod site;
mod sovereign;
mod startup;
mod stats;
mod verify;

use serde_json::{Map, Value, json};

pub(crate) use self::error::BenchError;
use self::managed::Plan;
use self::report::{Goal, Report};
use self::stats::{Spread, round};
use self::verify::Verifications;
use crate::args::BenchArgs;
use crate::error::CliError;
use crate::exit::Exit;
use crate::out::Out;

/// The figures, in the order of the table.
const FIGURES: [&str; 14] = [
    "verify_us",
    "managed_cpu_v",
    "sovereign_cpu_v",
    "idle_bytes_plain",
    "idle_bytes_tls",
    "durable_per_s",
    "verified_per_s",
    "deliver_ms",
    "approval_ms",
    "approvals_per_s",
    "start_ms",
    "fresh_rss_bytes",
    "reconnect",
    "move_s",
];

/// The most approvals a second that a widely used server reached on a machine like this, times 100.
const APPROVALS_GOAL: f64 = 1_010.0;

/// Measures. SIGTERM and SIGINT end it; the relay process and all files go with it.
///
/// # Errors
/// [`CliError`] says why it could not be done.
pub(crate) async fn run(args: BenchArgs, out: Out) -> Result<Exit, CliError> {
    if let Some(name) = &args.only
        && !FIGURES.contains(&name.as_str())
    {
        return Err(BenchError::UnknownFigure { name: name.clone(), known: FIGURES.to_vec() }.into());
    }
    let mut bench = Bench {
        only: args.only,
        quick: args.quick,
        out,
        verifications: Verifications::new()?,
        report: Report::default(),
    };
    // All counts start from here: more sockets than the usual limit are open at times.
    idle::affordable(usize::MAX);
    let done = tokio::select! {
        done = bench.all() => done,
        () = crate::signal::asked_to_end() => return Err(CliError::Stopped),
    };
    // What was measured before something failed is worth showing.
    if done.is_ok() || !bench.report.object().is_empty() {
        out.answer(bench.report.object(), || bench.report.table())?;
    }
    done?;
    Ok(Exit::Done)
}

struct Bench {
    only: Option<String>,
    quick: bool,
    out: Out,
    verifications: Verifications,
    report: Report,
}

impl Bench {
    fn wants(&self, name: &str) -> bool {
        self.only.as_ref().is_none_or(|only| only == name)
    }

    /// A count, or a tenth of it.
    const fn scaled(&self, full: usize) -> usize {
        if self.quick { full.div_ceil(10) } else { full }
    }

    fn begin(&self, what: &str) {
        self.out.aside(&format!("Measuring {what} …"));
    }

    async fn all(&mut self) -> Result<(), BenchError> {
        self.verifications.sample()?;
        self.managed().await?;
        self.sovereign().await?;
        self.idle().await?;
        self.durable().await?;
        self.startup().await?;
        self.reconnect().await?;
        self.moving().await?;
        if self.wants("verify_us") {
            let v = round(self.verifications.median());
            self.report.figure("verify_us", v, "µs", Goal::None);
        }
        Ok(())
    }

    /// The four figures that come from managed approvals.
    async fn managed(&mut self) -> Result<(), BenchError> {
        let [cpu, deliver, approval, rate] =
            ["managed_cpu_v", "deliver_ms", "approval_ms", "approvals_per_s"].map(|name| self.wants(name));
        let plan = |in_flight, total| Plan { in_flight, total: self.scaled(total) };
        let mut plans = Vec::new();
        if deliver || approval {
            plans.push(plan(1, 1_500));
        }
        if approval {
            plans.push(plan(16, 5_000));
        }
        if cpu || approval || rate {
            plans.push(plan(64, 10_000));
        }
        if plans.is_empty() {
            return Ok(());
        }
        self.begin("managed approvals");
        let warm_up = self.scaled(1_000);
        let runs = managed::measure(&mut self.verifications, &plans, warm_up).await?;
        let mut approvals = Map::new();
        for (Plan { in_flight, .. }, run) in plans.iter().zip(&runs) {
            let (delivery, whole) = (Spread::of(&run.deliveries()), Spread::of(&run.wholes()));
            if deliver && *in_flight == 1 {
                self.report.value("deliver_ms", delivery);
                self.report.line("deliver_ms p50", delivery.p50, "ms", Goal::AtMost(1.0));
                self.report.line("deliver_ms p99", delivery.p99, "ms", Goal::AtMost(5.0));
            }
            if approval {
                let goal = if *in_flight == 64 { Goal::AtMost(100.0) } else { Goal::None };
                self.report.line(&format!("approval_ms {in_flight} p50"), whole.p50, "ms", Goal::None);
                self.report.line(&format!("approval_ms {in_flight} p99"), whole.p99, "ms", goal);
                approvals.insert(
                    in_flight.to_string(),
                    json!({ "p50": whole.p50, "p99": whole.p99, "deliver": delivery, "cpu_v": run.cpu_v() }),
                );
            }
            if *in_flight == 64 && rate {
                self.report.figure("approvals_per_s", run.per_second(), "/s", Goal::AtLeast(APPROVALS_GOAL));
            }
            if *in_flight == 64 && cpu {
                self.report.figure("managed_cpu_v", run.cpu_v(), "V", Goal::AtMost(4.0));
                self.report.figure("managed_cpu_us", round(run.cpu_us), "µs", Goal::None);
            }
        }
        if approval {
            self.report.value("approval_ms", Value::Object(approvals));
        }
        Ok(())
    }

    async fn sovereign(&mut self) -> Result<(), BenchError> {
        if !self.wants("sovereign_cpu_v") {
            return Ok(());
        }
        self.begin("sovereign approvals");
        let plan = Plan { in_flight: 64, total: self.scaled(10_000) };
        let warm_up = self.scaled(1_000);
        let run = sovereign::measure(&mut self.verifications, plan, warm_up).await?;
        self.report.figure("sovereign_cpu_v", run.cpu_v(), "V", Goal::AtMost(1.0));
        self.report.figure("sovereign_cpu_us", round(run.cpu_us), "µs", Goal::None);
        self.report.figure("sovereign_per_s", run.per_second(), "/s", Goal::None);
        Ok(())
    }

    async fn idle(&mut self) -> Result<(), BenchError> {
        for (name, tls, goal) in [("idle_bytes_plain", false, 3_000.0), ("idle_bytes_tls", true, 11_000.0)] {
            if self.wants(name) {
                self.begin("idle phones");
                let bytes = idle::measure(tls, self.scaled(500), self.scaled(5_000)).await?;
                self.report.figure(name, bytes, "bytes", Goal::AtMost(goal));
            }
        }
        Ok(())
    }

    async fn durable(&mut self) -> Result<(), BenchError> {
        if self.wants("durable_per_s") {
            self.begin("durable decisions");
            let mut object = Map::new();
            for (in_flight, total) in [(1, 2_000), (16, 12_000), (128, 30_000)] {
                let rate = durable::decisions_per_second(in_flight, self.scaled(total)).await?;
                let goal = if in_flight == 128 { Goal::AtLeast(15_000.0) } else { Goal::None };
                self.report.line(&format!("durable_per_s {in_flight}"), rate, "/s", goal);
                object.insert(in_flight.to_string(), rate.into());
            }
            self.report.value("durable_per_s", Value::Object(object));
        }
        if self.wants("verified_per_s") {
            self.begin("verified decisions");
            let rate = durable::verified_per_second(128, self.scaled(5_000)).await?;
            self.report.figure("verified_per_s", rate, "/s", Goal::None);
        }
        Ok(())
    }

    async fn startup(&mut self) -> Result<(), BenchError> {
        if self.wants("start_ms") {
            self.begin("the start with many bindings");
            let ms = startup::milliseconds(self.scaled(100_000)).await?;
            self.report.figure("start_ms", ms, "ms", Goal::AtMost(1_000.0));
        }
        if self.wants("fresh_rss_bytes") {
            self.begin("a fresh relay");
            let bytes = startup::fresh_bytes().await?;
            self.report.figure("fresh_rss_bytes", bytes, "bytes", Goal::AtMost(20e6));
        }
        Ok(())
    }

    async fn moving(&mut self) -> Result<(), BenchError> {
        if self.wants("move_s") {
            self.begin("a move to a new phone");
            let (accounts, codes) = (self.scaled(50), self.scaled(200));
            let seconds = moving::seconds(accounts, codes).await?;
            let name = format!("move_s, {accounts} accounts and {codes} codes");
            self.report.value("move_s", round(seconds));
            self.report.line(&name, seconds, "s", Goal::AtMost(5.0));
        }
        Ok(())
    }

    async fn reconnect(&mut self) -> Result<(), BenchError> {
        if !self.wants("reconnect") {
            return Ok(());
        }
        self.begin("phones that come back");
        let (phones, pending) = (self.scaled(19_000), self.scaled(200));
        let back = reconnect::measure(&mut self.verifications, phones, pending).await?;
        let name = format!("reconnect, {} phones", back.phones);
        self.report.line(&name, back.seconds, "s", Goal::AtMost(30.0));
        let delivered = format!("challenges kept of {}", back.pending);
        self.report.line(
            &delivered,
            stats::count(back.delivered),
            "",
            Goal::AtLeast(stats::count(back.pending)),
        );
        self.report.line("reconnect CPU a phone", back.cpu_v, "V", Goal::None);
        self.report.value("reconnect", back);
        Ok(())
    }
}
