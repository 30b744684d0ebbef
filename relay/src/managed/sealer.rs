//! The relay's master key as the seam that its login servers seal with.

use std::sync::Arc;

use nod_login::{Sealed, Sealer, SealerError};
use nod_protocol::bytes::Digest;
use nod_protocol::{Random, ServiceId};
use zeroize::Zeroizing;

use crate::keys::{MasterKey, Purpose};

/// Seals under the master key.
pub struct MasterSealer {
    master: Arc<MasterKey>,
    random: Arc<dyn Random>,
}

impl MasterSealer {
    /// Seals under `master`, with nonces from `random`.
    #[must_use]
    pub const fn new(master: Arc<MasterKey>, random: Arc<dyn Random>) -> Self {
        Self { master, random }
    }
}

const fn purpose(what: Sealed) -> Purpose {
    match what {
        Sealed::OtpSecret => Purpose::OtpSecret,
        Sealed::Contact => Purpose::Contact,
        Sealed::Code => Purpose::Code,
        Sealed::Recovery => Purpose::Recovery,
        Sealed::Ticket => Purpose::Ticket,
    }
}

impl Sealer for MasterSealer {
    fn seal(&self, what: Sealed, owner: ServiceId, plain: &[u8]) -> Result<String, SealerError> {
        self.master
            .seal(purpose(what), owner.as_bytes(), plain, self.random.as_ref())
            .map_err(|_| SealerError)
    }

    fn open(&self, what: Sealed, owner: ServiceId, sealed: &str) -> Result<Zeroizing<Vec<u8>>, SealerError> {
        self.master.open(purpose(what), owner.as_bytes(), sealed).map_err(|_| SealerError)
    }

    fn mac(&self, what: Sealed, owner: ServiceId, message: &[u8]) -> Digest {
        self.master.mac(purpose(what), owner.as_bytes(), message)
    }
}
