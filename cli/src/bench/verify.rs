//! V: one verification of a P-256 signature with ring, the unit that CPU figures are quoted in.

use std::time::Instant;

use nod_protocol::OsRandom;
use nod_protocol::es256::{Signer as _, SoftwareKey};
use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};

use super::error::BenchError;
use super::stats::{median, micros};

/// Verifications in one sample; a sample's value is their median.
const ROUNDS: usize = 1_500;

/// The length of the signed bytes: about that of an answer.
const LENGTH: usize = 560;

/// Measures V whenever it is asked to; the machine's speed changes from minute to minute.
pub(super) struct Verifications {
    key: UnparsedPublicKey<[u8; 65]>,
    message: Vec<u8>,
    signature: [u8; 64],
    samples: Vec<f64>,
}

impl Verifications {
    pub(super) fn new() -> Result<Self, BenchError> {
        let key = SoftwareKey::generate(&OsRandom)?;
        let message = vec![0x5a; LENGTH];
        let signature = *key.sign(&message)?.as_bytes();
        let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, *key.public_key().as_sec1());
        Ok(Self { key, message, signature, samples: Vec::new() })
    }

    /// Takes a sample: the median of many verifications, in microseconds. Blocks for about 0.2 s.
    pub(super) fn sample(&mut self) -> Result<f64, BenchError> {
        let mut took = Vec::with_capacity(ROUNDS);
        for _ in 0..ROUNDS {
            let start = Instant::now();
            self.key
                .verify(&self.message, &self.signature)
                .map_err(|_| BenchError::BadReply("the verification"))?;
            took.push(micros(start.elapsed()));
        }
        let sample = median(&took);
        self.samples.push(sample);
        Ok(sample)
    }

    /// The median of all samples of this run.
    pub(super) fn median(&self) -> f64 {
        median(&self.samples)
    }
}
