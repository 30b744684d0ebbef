//! What the core says, into the platform's log. No event of the core holds a secret or a user's name.

use std::fmt::Write as _;
use std::sync::Arc;

use tracing::field::{Field, Visit};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};

/// How grave a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum LogLevel {
    /// Something failed.
    Error,
    /// Something is not as it should be.
    Warning,
    /// Something worth knowing.
    Info,
    /// Details.
    Debug,
}

/// The platform's log.
#[uniffi::export(with_foreign)]
pub trait LogSink: Send + Sync {
    /// Takes one line. May be called from any thread.
    fn log(&self, level: LogLevel, target: String, message: String);
}

/// Sends what the core says to `sink` from now on, up to `level`. Only the first call counts, and says so.
#[uniffi::export]
pub fn log_to(sink: Arc<dyn LogSink>, level: LogLevel) -> bool {
    let most = match level {
        LogLevel::Error => tracing::Level::ERROR,
        LogLevel::Warning => tracing::Level::WARN,
        LogLevel::Info => tracing::Level::INFO,
        LogLevel::Debug => tracing::Level::DEBUG,
    };
    let subscriber = tracing_subscriber::registry().with(ToSink { sink, most });
    tracing::subscriber::set_global_default(subscriber).is_ok()
}

struct ToSink {
    sink: Arc<dyn LogSink>,
    most: tracing::Level,
}

impl<S: tracing::Subscriber> Layer<S> for ToSink {
    fn enabled(&self, metadata: &tracing::Metadata<'_>, _: Context<'_, S>) -> bool {
        // Only our own crates: what libraries say of connections and keys is not ours to vouch for.
        *metadata.level() <= self.most && metadata.target().starts_with("nod_")
    }

    fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
        let level = match *event.metadata().level() {
            tracing::Level::ERROR => LogLevel::Error,
            tracing::Level::WARN => LogLevel::Warning,
            tracing::Level::INFO => LogLevel::Info,
            _ => LogLevel::Debug,
        };
        let mut line = Line::default();
        event.record(&mut line);
        let target = event.metadata().target().to_owned();
        self.sink.log(level, target, format!("{}{}", line.message, line.fields));
    }
}

#[derive(Default)]
struct Line {
    message: String,
    fields: String,
}

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        // Writing into a String cannot fail.
        let _ = if field.name() == "message" {
            write!(self.message, "{value:?}")
        } else {
            write!(self.fields, " {}={value:?}", field.name())
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    #[derive(Default)]
    struct Lines(Mutex<Vec<(LogLevel, String, String)>>);

    impl LogSink for Lines {
        fn log(&self, level: LogLevel, target: String, message: String) {
            self.0.lock().unwrap().push((level, target, message));
        }
    }

    #[test]
    fn only_what_this_project_says_up_to_the_level_reaches_the_platforms_log() {
        let sink = Arc::new(Lines::default());
        let layer = ToSink { sink: sink.clone(), most: tracing::Level::INFO };
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
            tracing::info!(target: "nod_phone::net", relay = "relay.example", "connected");
            tracing::debug!(target: "nod_phone::net", "too fine");
            tracing::error!(target: "rustls::client", "of a library");
        });
        let line = (LogLevel::Info, "nod_phone::net".into(), "connected relay=\"relay.example\"".into());
        assert_eq!(*sink.0.lock().unwrap(), [line]);
    }
}
