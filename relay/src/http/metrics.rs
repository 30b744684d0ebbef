//! `/metrics` in Prometheus' text format. No label holds an id, a name or anything else that comes from outside.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use axum::http::Method;
use nod_protocol::frames::CloseCode;

use super::App;
use crate::managed::Metric;
use crate::wake::{Outcome, Service};

/// What the REST interface counts itself.
#[derive(Debug, Default)]
pub(super) struct Metrics {
    requests: Mutex<BTreeMap<(String, &'static str, u16), u64>>,
    unauthorised: AtomicU64,
}

impl Metrics {
    /// One answered request, by the template of its path.
    pub(super) fn request(&self, route: &str, method: &Method, status: u16) {
        let mut requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        *requests.entry((route.to_owned(), word(method), status)).or_default() += 1;
    }

    pub(super) fn unauthorised(&self) {
        self.unauthorised.fetch_add(1, Ordering::Relaxed);
    }
}

/// Methods are made up by clients; only the known ones become labels.
fn word(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::HEAD => "HEAD",
        _ => "other",
    }
}

struct Text(String);

impl Text {
    fn head(&mut self, name: &str, kind: &str, help: &str) {
        // Writing to a string cannot fail, here and below.
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    fn line(&mut self, name: &str, labels: &str, value: impl std::fmt::Display) {
        let _ = match labels {
            "" => writeln!(self.0, "{name} {value}"),
            labels => writeln!(self.0, "{name}{{{labels}}} {value}"),
        };
    }

    fn one(&mut self, name: &str, kind: &str, help: &str, value: impl std::fmt::Display) {
        self.head(name, kind, help);
        self.line(name, "", value);
    }
}

/// Everything as text.
pub(super) async fn render(app: &App) -> String {
    // A store that cannot be read has its own line; this one is left out then.
    let rendezvous = app.store.rendezvous_open().await.ok();
    let mut text = Text(String::new());
    http(&mut text, app);
    devices(&mut text, app);
    if let Some(open) = rendezvous {
        let help = "Moves to a new phone that are under way or wait for the other phone.";
        text.one("nod_rendezvous_open", "gauge", help, open);
    }
    decisions(&mut text, app);
    letters(&mut text, app);
    wake_ups(&mut text, app);
    store(&mut text, app);
    text.0
}

fn http(text: &mut Text, app: &App) {
    text.head(
        "nod_http_requests_total",
        "counter",
        "Answered requests by route template, method and status.",
    );
    let requests = app.metrics.requests.lock().unwrap_or_else(PoisonError::into_inner);
    for ((route, method, status), count) in requests.iter() {
        let labels = format!("route=\"{route}\",method=\"{method}\",status=\"{status}\"");
        text.line("nod_http_requests_total", &labels, count);
    }
    drop(requests);
    let failures = app.metrics.unauthorised.load(Ordering::Relaxed);
    text.one("nod_http_unauthorised_total", "counter", "Requests without a valid key.", failures);
    let waiting = app.hub.watching();
    text.one("nod_http_waiting", "gauge", "Calls that wait for a change.", waiting);
}

fn devices(text: &mut Text, app: &App) {
    let counters = app.hub.counters();
    let each = [
        ("nod_device_connections", "gauge", "Connected phones.", &counters.connected),
        ("nod_device_unidentified", "gauge", "Device sockets without a hello yet.", &counters.unidentified),
        ("nod_device_hellos_total", "counter", "Good hellos.", &counters.hellos),
        ("nod_device_delivered_total", "counter", "Envelopes written to phones.", &counters.delivered),
        ("nod_device_carried_total", "counter", "Envelopes from one phone to another.", &counters.carried),
        ("nod_device_received_total", "counter", "Envelopes that phones acknowledged.", &counters.received),
        (
            "nod_device_absent_total",
            "counter",
            "Envelopes for phones that were not connected.",
            &counters.absent,
        ),
        ("nod_device_accepted_total", "counter", "Messages of phones that were taken.", &counters.accepted),
        ("nod_device_refused_total", "counter", "Messages of phones that were refused.", &counters.refused),
        ("nod_device_pings_total", "counter", "Heart-beats.", &counters.pings),
        ("nod_device_gated_total", "counter", "Connections that the address gate refused.", &counters.gated),
    ];
    for (name, kind, help, counter) in each {
        text.one(name, kind, help, counter.get());
    }
    text.head("nod_device_closed_total", "counter", "Device sockets that the relay closed, by reason.");
    for code in CloseCode::ALL {
        let labels = format!("reason=\"{}\"", code.reason());
        text.line("nod_device_closed_total", &labels, counters.closed(code));
    }
}

fn decisions(text: &mut Text, app: &App) {
    for (metric, name, help) in [
        (Metric::Enrolments, "nod_enrolments_total", "Enrolments of managed services by outcome."),
        (Metric::Challenges, "nod_challenges_total", "Challenges of managed services by outcome."),
        (Metric::Alarms, "nod_alarms_total", "What an operator should look at."),
        (Metric::Codes, "nod_codes_total", "Codes of every method but push, by what became of them."),
        (Metric::Tickets, "nod_tickets_total", "Reset tickets of the helpdesk."),
    ] {
        text.head(name, "counter", help);
        for (_, outcome, count) in app.outcomes.each().filter(|(known, ..)| *known == metric) {
            text.line(name, &format!("outcome=\"{outcome}\""), count);
        }
    }
    let counts = app.webhooks.counts();
    text.head("nod_webhooks_total", "counter", "Attempts at webhooks by outcome.");
    for (outcome, counter) in
        [("delivered", &counts.delivered), ("failed", &counts.failed), ("given-up", &counts.given_up)]
    {
        text.line("nod_webhooks_total", &format!("outcome=\"{outcome}\""), counter.get());
    }
}

fn letters(text: &mut Text, app: &App) {
    text.head("nod_letters_total", "counter", "Attempts at letters by channel and outcome.");
    for (channel, outcome, count) in app.letters.each() {
        text.line("nod_letters_total", &format!("channel=\"{channel}\",outcome=\"{outcome}\""), count);
    }
    let help = "Parts that text messages were sent in.";
    text.one("nod_sms_parts_total", "counter", help, app.letters.sms_parts.get());
}

fn wake_ups(text: &mut Text, app: &App) {
    let Some(wakes) = &app.wakes else { return };
    text.head("nod_wakeups_total", "counter", "Wake-ups by push service and outcome.");
    for service in Service::ALL {
        for outcome in Outcome::ALL {
            let count = wakes.counts().get(service, outcome);
            // Most pairs never happen.
            if count > 0 {
                let labels = format!("service=\"{}\",outcome=\"{}\"", service.word(), outcome.word());
                text.line("nod_wakeups_total", &labels, count);
            }
        }
    }
}

fn store(text: &mut Text, app: &App) {
    let metrics = app.store.engine().metrics();
    let each = [
        ("nod_store_batches_total", "counter", "Batches that reached the disk.", &metrics.batches),
        ("nod_store_steps_total", "counter", "Steps that were kept.", &metrics.steps),
        ("nod_store_rolled_back_total", "counter", "Steps that took themselves back.", &metrics.rolled_back),
        ("nod_store_failed_total", "counter", "Steps that failed.", &metrics.failed),
        ("nod_store_rows_total", "counter", "Rows written or removed.", &metrics.rows),
        ("nod_store_batch_size", "gauge", "Steps in the latest batch.", &metrics.batch_size),
        ("nod_store_batch_size_max", "gauge", "Steps in the largest batch.", &metrics.batch_size_max),
    ];
    for (name, kind, help, counter) in each {
        text.one(name, kind, help, counter.load(Ordering::Relaxed));
    }
    for (name, help, counter) in [
        ("nod_store_apply_seconds_total", "Time spent in running steps.", &metrics.apply_micros),
        ("nod_store_sync_seconds_total", "Time spent in waiting for the disk.", &metrics.sync_micros),
    ] {
        text.one(name, "counter", help, seconds(counter.load(Ordering::Relaxed)));
    }
    let last = seconds(metrics.sync_micros_last.load(Ordering::Relaxed));
    text.one("nod_store_sync_seconds", "gauge", "Time that the latest sync took.", last);
}

fn seconds(micros: u64) -> String {
    format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000)
}
