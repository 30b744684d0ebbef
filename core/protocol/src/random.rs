//! The seam for random numbers: the operating system's in production, a seeded double in tests.

/// A source of cryptographically secure random bytes.
pub trait Random: Send + Sync {
    /// Fills `out` with random bytes.
    ///
    /// # Errors
    /// [`RandomError`] when the source fails; `out` must not be used then.
    fn fill(&self, out: &mut [u8]) -> Result<(), RandomError>;
}

/// The source of randomness failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the source of randomness failed")]
pub struct RandomError;

/// The operating system's random numbers.
#[cfg(feature = "os-random")]
#[derive(Debug, Clone, Copy, Default)]
pub struct OsRandom;

#[cfg(feature = "os-random")]
impl Random for OsRandom {
    fn fill(&self, out: &mut [u8]) -> Result<(), RandomError> {
        getrandom::fill(out).map_err(|_| RandomError)
    }
}

/// A uniformly distributed number below `bound` (at least 1), by rejection sampling.
///
/// # Errors
/// [`RandomError`] when the source fails.
pub fn below(random: &dyn Random, bound: u32) -> Result<u32, RandomError> {
    let bound = bound.max(1);
    let zone = u32::MAX - u32::MAX % bound;
    loop {
        let mut bytes = [0u8; 4];
        random.fill(&mut bytes)?;
        let n = u32::from_be_bytes(bytes);
        if n < zone {
            return Ok(n % bound);
        }
    }
}

/// A deterministic stream for tests and test vectors: SHA-256(seed ‖ counter). Not secret.
#[derive(Debug)]
pub struct SeededForTests {
    seed: u64,
    counter: std::sync::atomic::AtomicU64,
}

impl SeededForTests {
    /// A stream that is the same for the same seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self { seed, counter: std::sync::atomic::AtomicU64::new(0) }
    }
}

impl Random for SeededForTests {
    fn fill(&self, out: &mut [u8]) -> Result<(), RandomError> {
        for chunk in out.chunks_mut(32) {
            let n = self.counter.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            let mut input = [0u8; 16];
            input[..8].copy_from_slice(&self.seed.to_be_bytes());
            input[8..].copy_from_slice(&n.to_be_bytes());
            let block = crate::bytes::Digest::of(&input);
            for (to, from) in chunk.iter_mut().zip(block.as_bytes()) {
                *to = *from;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn below_covers_the_range_and_never_leaves_it() {
        let random = SeededForTests::new(1);
        let mut seen = [false; 7];
        for _ in 0..500 {
            seen[usize::try_from(below(&random, 7).unwrap()).unwrap()] = true;
        }
        assert_eq!(seen, [true; 7]);
    }
}
