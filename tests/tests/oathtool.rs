//! One-time codes agree with `oathtool` of the OATH Toolkit, an implementation that shares nothing with this one.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::process::Command;
use std::sync::Arc;

use nod_phone::clock::ManualPhoneClock;
use nod_phone::engine::{Engine, EngineParts};
use nod_phone::{CodeId, FileStorage, KdfCost, SoftwareKeys, Unlock, Vault};
use nod_protocol::OsRandom;
use nod_protocol::messages::DeviceInfo;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

const HASHES: [&str; 3] = ["SHA1", "SHA256", "SHA512"];

struct Phone {
    engine: Engine,
    clock: Arc<ManualPhoneClock>,
    _dir: tempfile::TempDir,
}

impl Phone {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let storage = Box::new(FileStorage::in_dir(dir.path()).unwrap());
        let unlock = Unlock::passphrase("a passphrase for tests");
        let vault = Arc::new(Vault::unlock(storage, &unlock, KdfCost::LEAST, Arc::new(OsRandom)).unwrap());
        let keys = Arc::new(SoftwareKeys::new(Arc::clone(&vault), Arc::new(OsRandom)));
        let clock = Arc::new(ManualPhoneClock::at(0));
        let device = DeviceInfo { name: "Phone".to_owned(), model: "Test".to_owned() };
        let parts = EngineParts { vault, keys, device, clock: clock.clone(), random: Arc::new(OsRandom) };
        Self { engine: Engine::new(parts).unwrap(), clock, _dir: dir }
    }

    fn with<T>(&self, uri: &str, use_it: impl FnOnce(CodeId) -> T) -> T {
        let id = self.engine.add_code(uri).unwrap().id;
        let out = use_it(id);
        self.engine.remove_code(id).unwrap();
        out
    }
}

fn oathtool(args: &[String]) -> String {
    let output = Command::new("oathtool").args(args).output().unwrap();
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn base32(secret: &[u8]) -> String {
    let bit = |at: usize| secret.get(at / 8).map_or(0, |byte| byte >> (7 - at % 8) & 1);
    let letter = |value: u8| char::from(if value < 26 { b'A' + value } else { b'2' + value - 26 });
    (0..secret.len() * 8)
        .step_by(5)
        .map(|at| letter((at..at + 5).fold(0, |v, at| v << 1 | bit(at))))
        .collect()
}

fn hex(secret: &[u8]) -> String {
    secret.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn time_based_codes_agree() {
    let phone = Phone::new();
    let given = (
        prop::collection::vec(any::<u8>(), 1..=128),
        prop::sample::select(HASHES.to_vec()),
        6u8..=8,
        1u32..=86_400,
        0u64..=32_503_680_000,
    );
    let agree = |(secret, hash, digits, period, seconds): (Vec<u8>, &str, u8, u32, u64)| {
        let uri = format!(
            "otpauth://totp/x?secret={}&algorithm={hash}&digits={digits}&period={period}",
            base32(&secret)
        );
        phone.clock.set_wall(seconds * 1000);
        let now = phone.with(&uri, |id| phone.engine.code_now(id).unwrap());
        let args = [
            format!("--totp={}", hash.to_lowercase()),
            format!("--digits={digits}"),
            format!("--time-step-size={period}s"),
            format!("--now=@{seconds}"),
            "--window=1".to_owned(),
            hex(&secret),
        ];
        prop_assert_eq!(format!("{}\n{}", now.code, now.next), oathtool(&args));
        Ok(())
    };
    TestRunner::new(ProptestConfig::with_cases(150)).run(&given, agree).unwrap();
}

#[test]
fn counter_based_codes_agree() {
    let phone = Phone::new();
    let given = (prop::collection::vec(any::<u8>(), 1..=128), 6u8..=8, 0..u64::MAX / 2 - 1);
    let agree = |(secret, digits, counter): (Vec<u8>, u8, u64)| {
        let uri = format!("otpauth://hotp/x?secret={}&digits={digits}&counter={counter}", base32(&secret));
        let codes = phone.with(&uri, |id| [(); 2].map(|()| phone.engine.next_hotp(id).unwrap()));
        let args = [
            "--hotp".to_owned(),
            format!("--digits={digits}"),
            format!("--counter={counter}"),
            "--window=1".to_owned(),
            hex(&secret),
        ];
        prop_assert_eq!(codes.join("\n"), oathtool(&args));
        Ok(())
    };
    TestRunner::new(ProptestConfig::with_cases(100)).run(&given, agree).unwrap();
}

#[test]
fn base32_secrets_are_read_as_oathtool_reads_them() {
    let phone = Phone::new();
    phone.clock.set_wall(1_700_000_000_000);
    for secret in ["JBSWY3DPEHPK3PXP", "jbsw y3dp ehpk 3pxp", "GEZDGNBVGY3TQOJQGE======"] {
        let uri = format!("otpauth://totp/x?secret={}", secret.replace(' ', "%20"));
        let code = phone.with(&uri, |id| phone.engine.code_now(id).unwrap().code);
        let args = ["--totp", "--base32", "--now=@1700000000", secret].map(str::to_owned);
        assert_eq!(code, oathtool(&args), "{secret}");
    }
}
