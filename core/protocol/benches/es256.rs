//! What the building blocks cost, both backends in one run: quote ratios to `ring_verify`.

#![allow(clippy::unwrap_used, reason = "a bench may stop")]

use nod_protocol::bytes::Secret;
use nod_protocol::es256::{self, Agreement as _, Signer as _, SoftwareKey, p256_backend, ring_backend};
use nod_protocol::random::SeededForTests;

fn main() {
    divan::main();
}

fn key() -> SoftwareKey {
    SoftwareKey::from_scalar(Secret::from_bytes([9; 32])).unwrap()
}

#[divan::bench]
fn ring_verify(bencher: divan::Bencher<'_, '_>) {
    let (key, message) = (key(), [1u8; 500]);
    let signature = key.sign(&message).unwrap();
    bencher.bench_local(|| ring_backend::verify(&key.public_key(), &message, &signature));
}

#[divan::bench]
fn p256_verify(bencher: divan::Bencher<'_, '_>) {
    let (key, message) = (key(), [1u8; 500]);
    let signature = key.sign(&message).unwrap();
    bencher.bench_local(|| p256_backend::verify(&key.public_key(), &message, &signature));
}

#[divan::bench]
fn ring_sign(bencher: divan::Bencher<'_, '_>) {
    let (key, message) = (key(), [1u8; 500]);
    bencher.bench_local(|| key.sign(&message));
}

#[divan::bench]
fn p256_agree(bencher: divan::Bencher<'_, '_>) {
    let (key, peer) = (key(), key().public_key());
    bencher.bench_local(|| key.agree(&peer));
}

#[divan::bench]
fn jwe_seal(bencher: divan::Bencher<'_, '_>) {
    let (peer, random, message) = (key().public_key(), SeededForTests::new(1), "x".repeat(700));
    bencher.bench_local(|| nod_protocol::jwe::seal(&message, &peer, &random));
}

#[divan::bench]
fn hkdf() -> impl Sized {
    es256::hkdf::<32>(&[1; 32], "nod/bench")
}
