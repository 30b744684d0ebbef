//! The randomness of one HPKE encapsulation, drawn beforehand, so that a source that fails is an error and not a panic.

use std::convert::Infallible;

use hpke::rand_core::{TryCryptoRng, TryRng};

use crate::bytes::Secret;
use crate::es256::hkdf;
use crate::random::{Random, RandomError};

/// Stretches 32 fresh bytes; an encapsulation asks for 32 (RFC 9180 section 7.1.3).
pub(super) struct Drawn {
    seed: Secret<32>,
    block: u32,
}

impl Drawn {
    pub(super) fn from(random: &dyn Random) -> Result<Self, RandomError> {
        Ok(Self { seed: Secret::random(random)?, block: 0 })
    }
}

impl TryRng for Drawn {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut out = [0u8; 4];
        self.try_fill_bytes(&mut out)?;
        Ok(u32::from_le_bytes(out))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut out = [0u8; 8];
        self.try_fill_bytes(&mut out)?;
        Ok(u64::from_le_bytes(out))
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Infallible> {
        for chunk in out.chunks_mut(32) {
            // Every block is another derivation from the seed, never the same bytes twice.
            let block = hkdf::<32>(self.seed.expose(), &format!("nod/move/draw/{}", self.block));
            self.block += 1;
            for (slot, byte) in chunk.iter_mut().zip(block.iter()) {
                *slot = *byte;
            }
        }
        Ok(())
    }
}

impl TryCryptoRng for Drawn {}
