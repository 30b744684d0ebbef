//! Ending all that a service has open: it changes hands, and nobody is left who could decide it.

use nod_protocol::ServiceId;

use super::{At, Stop, end, enrol};
use crate::clock::UnixMillis;
use crate::effects::Changed;
use crate::rows::ChallengeState;
use crate::store::{Rows, StoreError};

/// What is ended between two looks.
const AT_ONCE: usize = 256;

/// Voids every undecided challenge and ends every open enrolment of a service, and forgets those that had ended.
///
/// # Errors
/// [`StoreError`] when the rows cannot be read.
pub fn end_all(rows: &mut dyn Rows, service: ServiceId, now: UnixMillis) -> Result<(), StoreError> {
    let (at, far) = (At { service, now }, UnixMillis(u64::MAX));
    loop {
        let open = rows.due(service, far, AT_ONCE)?;
        if open.is_empty() {
            break;
        }
        for what in open {
            match what {
                Changed::Challenge(id) => {
                    let Some(mut row) = rows.challenge(service, id)? else { continue };
                    end::end(rows, at, &mut row, ChallengeState::Cancelled);
                }
                Changed::Enrolment(id) => match enrol::cancel(rows, at, id) {
                    Ok(_) => {}
                    Err(Stop::Store(error)) => return Err(error),
                    // Its time had run out, and nobody had looked yet.
                    Err(Stop::Refused(_)) => {
                        let Some(mut row) = rows.enrolment(service, id)? else { continue };
                        enrol::expire(rows, at, &mut row)?;
                    }
                },
            }
        }
    }
    while rows.sweep(service, far, AT_ONCE)? > 0 {}
    Ok(())
}
