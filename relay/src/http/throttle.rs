//! How often codes may be wrong and be sent, by address and by service. The login server bounds both by user.

use std::net::IpAddr;
use std::sync::Arc;

use nod_login::{ChallengeError, Clock, MethodKind, StartedChallenge};
use nod_protocol::ServiceId;

use super::problem::Problem;
use crate::limits::{Buckets, Limited, Rate, address_key};
use crate::settings::Limits;

/// Addresses and services that have a bucket at the same time.
const MOST_BUCKETS: usize = 100_000;

/// The buckets for codes. An address is the one that the challenge's context names, which the login server saw.
pub(crate) struct Throttle {
    wrong: Pair,
    sent: Pair,
}

struct Pair {
    by_address: Buckets<(ServiceId, IpAddr)>,
    by_service: Buckets<ServiceId>,
}

/// One token of each bucket. It is spent unless it is given back, also when the caller goes away meanwhile.
#[must_use = "what was not used must be given back"]
pub(crate) struct Reserved<'a> {
    pair: &'a Pair,
    service: ServiceId,
    address: Option<IpAddr>,
}

impl Throttle {
    /// Full buckets.
    pub(crate) fn new(clock: &Arc<dyn Clock>, limits: &Limits) -> Self {
        let rate = |tokens, burst| Rate { tokens, per_ms: 60_000, burst };
        let pair = |by_address, by_service| Pair {
            by_address: Buckets::new(Arc::clone(clock), by_address, MOST_BUCKETS),
            by_service: Buckets::new(Arc::clone(clock), by_service, MOST_BUCKETS),
        };
        Self {
            wrong: pair(
                rate(limits.code_failures_per_minute, limits.code_failure_burst),
                rate(limits.service_code_failures_per_minute, limits.service_code_failure_burst),
            ),
            sent: pair(
                rate(limits.code_sends_per_minute, limits.code_send_burst),
                rate(limits.service_code_sends_per_minute, limits.service_code_send_burst),
            ),
        }
    }

    /// Before a code is checked; given back unless it was wrong.
    ///
    /// # Errors
    /// [`Limited`] when too many were wrong.
    pub(crate) fn attempt(&self, service: ServiceId, ip: Option<IpAddr>) -> Result<Reserved<'_>, Limited> {
        self.wrong.reserve(service, ip)
    }

    /// Before a code is sent; given back when none was.
    ///
    /// # Errors
    /// [`Limited`] when too many were sent.
    pub(crate) fn send(&self, service: ServiceId, ip: Option<IpAddr>) -> Result<Reserved<'_>, Limited> {
        self.sent.reserve(service, ip)
    }
}

impl Pair {
    fn reserve(&self, service: ServiceId, ip: Option<IpAddr>) -> Result<Reserved<'_>, Limited> {
        let address = ip.map(address_key);
        if let Some(address) = address {
            self.by_address.take(&(service, address))?;
        }
        if let Err(limited) = self.by_service.take(&service) {
            if let Some(address) = address {
                self.by_address.give_back(&(service, address));
            }
            return Err(limited);
        }
        Ok(Reserved { pair: self, service, address })
    }
}

impl Reserved<'_> {
    /// Puts the tokens back.
    pub(crate) fn give_back(self) {
        self.pair.by_service.give_back(&self.service);
        if let Some(address) = self.address {
            self.pair.by_address.give_back(&(self.service, address));
        }
    }

    /// Puts the tokens back unless a challenge was made whose code is sent.
    pub(crate) fn settle<E>(self, made: &Result<StartedChallenge, E>) {
        let code = made.as_ref().ok().and_then(|started| started.code);
        if !code.is_some_and(|code| code.delivery != nod_login::rows::CodeDelivery::None) {
            self.give_back();
        }
    }
}

/// Whether codes of this kind are sent.
pub(crate) const fn is_sent(kind: MethodKind) -> bool {
    matches!(kind, MethodKind::Email | MethodKind::Sms)
}

/// What came of asking for a challenge after [`Throttle::send`]: without a reservation the login server was told to send
/// nothing, and the limit is the answer where it would have.
pub(crate) fn settled(
    reserved: Result<Reserved<'_>, Limited>,
    made: Result<StartedChallenge, ChallengeError>,
) -> Result<StartedChallenge, Problem> {
    match (reserved, made) {
        (Err(limited), Err(ChallengeError::NoSends)) => Err(limited.into()),
        (Err(_), made) => Ok(made?),
        (Ok(reserved), made) => {
            reserved.settle(&made);
            Ok(made?)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nod_login::UnixMillis;
    use nod_login::clock::ManualClock;

    #[test]
    fn an_address_and_a_service_are_bounded_each_on_their_own() {
        let clock: Arc<dyn Clock> = Arc::new(ManualClock::at(UnixMillis(1_000_000)));
        let limits = Limits {
            code_failures_per_minute: 1,
            code_failure_burst: 2,
            service_code_failures_per_minute: 1,
            service_code_failure_burst: 3,
            ..Limits::default()
        };
        let throttle = Throttle::new(&clock, &limits);
        let (a, b) = (ServiceId::from_bytes([1; 16]), ServiceId::from_bytes([2; 16]));
        let ip = |text: &str| Some(text.parse().unwrap());
        for _ in 0..9 {
            throttle.attempt(a, ip("2001:db8::1")).unwrap().give_back();
        }
        for _ in 0..2 {
            let _spent = throttle.attempt(a, ip("2001:db8::1")).unwrap();
        }
        assert!(throttle.attempt(a, ip("2001:db8::2")).is_err(), "the same network");
        let _spent = throttle.attempt(b, ip("2001:db8::1")).unwrap();
        let _spent = throttle.attempt(a, ip("192.0.2.1")).unwrap();
        assert!(throttle.attempt(a, ip("192.0.2.2")).is_err(), "the service has none left");
        assert!(throttle.attempt(a, None).is_err());
        assert!(throttle.send(a, ip("2001:db8::1")).is_ok(), "sends are counted apart");
    }
}
