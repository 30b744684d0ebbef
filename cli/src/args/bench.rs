//! The arguments of `nod bench`.

use clap::Args;

const AFTER: &str = "\
Figures (with --json the keys of the one object; --only takes one of them):
  verify_us          microseconds of one P-256 verification with ring (V): the median of many, taken between
                     the other measurements. CPU figures are multiples of the V measured beside them.
  managed_cpu_v      CPU of the relay process for one managed approval, in V, 64 in flight, durable: POST
                     /v1/challenges, the frame to the phone, `received`, the signed answer, the receipt, and
                     GET /v1/challenges/{id}?wait=… until approved. Also as managed_cpu_us.
  sovereign_cpu_v    the same where the relay only routes: POST /v1/envelopes, the frame, `received`, the
                     answer, GET /v1/inbox. Also as sovereign_cpu_us.
  idle_bytes_plain   bytes by which the relay's resident memory grows per idle enrolled phone (5,000 phones
  idle_bytes_tls     after a warm-up of 500), without the kernel's; plain and over TLS.
  durable_per_s      decisions a second in the store at 1, 16 and 128 in flight: pending to approved with all
                     rows, receipt and audit entry, told when on disk; without signatures. In this process.
  verified_per_s     the same through the login library, 128 in flight: with the answer's verification and the
                     receipt's signature.
  deliver_ms         milliseconds from before the POST until the frame is at the phone: p50 and p99, 1 in flight.
  approval_ms        milliseconds of a whole managed approval: p50 and p99 at 1, 16 and 64 in flight.
  approvals_per_s    managed approvals a second at 64 in flight, the load generator on the same processors.
  start_ms           milliseconds from starting the process until /readyz answers 200, with 100,000 bindings.
  fresh_rss_bytes    resident memory of a relay that has just started with an empty store.
  reconnect          19,000 phones coming back after the relay was killed: seconds until all are identified, and
                     how many of the challenges pending at the kill reached their phones.

Phones are simulated in this process with real keys, hellos and answers; they do not verify the challenge's
signature. The relay is a process of its own with the default settings, but no limit on the load of one service
and one address. The folder for its data is made under the system's one for temporary files (TMPDIR) and removed.";

/// `nod bench`.
#[derive(Debug, Args)]
#[command(after_help = AFTER)]
pub(crate) struct BenchArgs {
    /// Measure only this one.
    #[arg(long, value_name = "NAME")]
    pub(crate) only: Option<String>,
    /// A tenth of the counts: to see that it works. Not for quoting.
    #[arg(long)]
    pub(crate) quick: bool,
}
