//! SIGTERM and SIGINT: both ask the program to end in good order.

use tokio::signal::unix::{SignalKind, signal};

/// Returns once the program is asked to end. If signals cannot be heard, it never returns: the system's own
/// handling of them stays.
pub(crate) async fn asked_to_end() {
    let (Ok(mut term), Ok(mut int)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = term.recv() => {}
        _ = int.recv() => {}
    }
}
