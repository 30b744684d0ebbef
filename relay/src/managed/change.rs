//! What may be changed of a service.

use nod_login::{KindSet, MethodPolicy};
use nod_protocol::NumberPolicy;
use serde::Deserialize;

/// What changes of a service; `None` stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[allow(clippy::option_option, reason = "a change may also remove")]
pub struct Change {
    /// Its display name.
    pub name: Option<String>,
    /// Its domain, or none any more.
    pub domain: Option<Option<String>>,
    /// The weakest number matching.
    pub number: Option<NumberPolicy>,
    /// Seconds that the user has from delivery.
    pub window_s: Option<u32>,
    /// Seconds that a challenge lives at most.
    pub life_s: Option<u32>,
    /// Where its events go, or nowhere any more. A new one gets a new secret.
    pub webhook: Option<Option<String>>,
    /// What it asks of its users' methods.
    pub methods: MethodChange,
    /// The origins that a portal's user may be led back to, all of them anew; at most [`MAX_ORIGINS`](super::MAX_ORIGINS).
    pub portal_return: Option<Vec<String>>,
}

/// What changes of a service's policy for methods; `None` stays as it is. Bounds are those of [`MethodPolicy`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[allow(missing_docs, reason = "each is the member of the policy of the same name")]
pub struct MethodChange {
    pub forbidden: Option<KindSet>,
    pub new_is_primary: Option<bool>,
    pub code_life_s: Option<u32>,
    pub tries: Option<u32>,
    pub resends: Option<u32>,
    pub resend_after_s: Option<u32>,
    pub sends_per_hour: Option<u32>,
    pub wrong_before_lock: Option<u32>,
    pub lock_s: Option<u32>,
    pub conceal_unknown: Option<bool>,
    pub two_persons: Option<bool>,
}

impl MethodChange {
    pub(super) fn over(self, old: MethodPolicy) -> MethodPolicy {
        MethodPolicy {
            forbidden: self.forbidden.unwrap_or(old.forbidden),
            new_is_primary: self.new_is_primary.unwrap_or(old.new_is_primary),
            code_life_s: self.code_life_s.unwrap_or(old.code_life_s),
            tries: self.tries.unwrap_or(old.tries),
            resends: self.resends.unwrap_or(old.resends),
            resend_after_s: self.resend_after_s.unwrap_or(old.resend_after_s),
            sends_per_hour: self.sends_per_hour.unwrap_or(old.sends_per_hour),
            wrong_before_lock: self.wrong_before_lock.unwrap_or(old.wrong_before_lock),
            lock_s: self.lock_s.unwrap_or(old.lock_s),
            conceal_unknown: self.conceal_unknown.unwrap_or(old.conceal_unknown),
            two_persons: self.two_persons.unwrap_or(old.two_persons),
        }
    }
}
