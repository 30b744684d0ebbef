//! Threat model, the apps: what the core behind the bindings holds, with a platform that misbehaves as platforms do. Every
//! line of docs/threat-model.md's table is the test of that name.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::wildcard_enum_match_arm,
    reason = "a test fails by panicking"
)]

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use nod_ffi::{
    AnswerOutcome, CreatedKey, KeyError, KeyKind, MemoryKeys, NodError, NodPhone, PhoneSettings,
    PlatformKeys, PromptReason, ScannedText, file_storage, scan,
};
use nod_tests::hostile::live::{Live, Tenant};
use serde_json::{Value, json};

/// A platform's key store: asks for a fingerprint before an approve key signs, and loses those keys when a fingerprint is
/// enrolled anew.
#[derive(Default)]
struct Platform {
    keys: Arc<MemoryKeys>,
    approve: Mutex<Vec<String>>,
    re_enrolled: AtomicBool,
    away: AtomicBool,
    prompts: Mutex<Vec<PromptReason>>,
}

impl PlatformKeys for Platform {
    fn create(&self, name: String, kind: KeyKind, _: Option<Vec<u8>>) -> Result<CreatedKey, KeyError> {
        if kind == KeyKind::Approve {
            self.approve.lock().unwrap().push(name.clone());
        }
        self.keys.create(name, kind)
    }
    fn public_key(&self, name: String) -> Result<Vec<u8>, KeyError> {
        self.keys.public_key(name)
    }
    fn sign(&self, name: String, message: Vec<u8>, reason: PromptReason) -> Result<Vec<u8>, KeyError> {
        if self.approve.lock().unwrap().contains(&name) {
            if self.re_enrolled.load(Ordering::SeqCst) {
                return Err(KeyError::Invalidated);
            }
            self.prompts.lock().unwrap().push(reason);
            if self.away.load(Ordering::SeqCst) {
                return Err(KeyError::UserNotVerified);
            }
        } else {
            assert_eq!(reason, PromptReason::Silent, "only approve keys ask for their user");
        }
        self.keys.sign(name, message)
    }
    fn agree(&self, name: String, peer: Vec<u8>) -> Result<Vec<u8>, KeyError> {
        self.keys.agree(name, peer)
    }
    fn delete(&self, name: String) -> Result<(), KeyError> {
        self.keys.delete(name);
        Ok(())
    }
    fn verifies_user(&self) -> bool {
        true
    }
    fn attests(&self) -> bool {
        false
    }
}

async fn open(dir: &Path, key: u8, platform: &Arc<Platform>) -> Result<Arc<NodPhone>, NodError> {
    let settings = PhoneSettings {
        vault_key: vec![key; 32],
        device_name: "Ada's phone".to_owned(),
        device_model: "Test".to_owned(),
        extra_roots_pem: None,
    };
    let storage = file_storage(dir.to_str().unwrap().to_owned()).unwrap();
    NodPhone::open(settings, platform.clone(), storage, None).await
}

struct Enrolled {
    live: Live,
    tenant: Tenant,
    dir: tempfile::TempDir,
    platform: Arc<Platform>,
    phone: Arc<NodPhone>,
}

impl Enrolled {
    async fn new() -> Self {
        let (live, dir) = (Live::start().await, tempfile::tempdir().unwrap());
        let tenant = live.tenant("Payroll", "managed").await;
        let platform = Arc::new(Platform::default());
        let phone = open(dir.path(), 7, &platform).await.unwrap();
        let (status, made) = live.call("POST", "/v1/enrolments", &tenant.key, json!({ "user": "ada" })).await;
        assert_eq!(status, 201, "{made}");
        let enrolment = phone.enrol(made["qr"].as_str().unwrap().to_owned()).await.unwrap();
        let confirm = format!("/v1/enrolments/{}/confirm", made["enrolment_id"].as_str().unwrap());
        let (status, made) =
            live.call("POST", &confirm, &tenant.key, json!({ "code": enrolment.code() })).await;
        assert_eq!(status, 200, "{made}");
        enrolment.finished().await.unwrap();
        Self { live, tenant, dir, platform, phone }
    }

    /// Asks for an approval; the challenge and the number.
    async fn ask(&self) -> (String, String) {
        let (status, asked) =
            self.live.call("POST", "/v1/challenges", &self.tenant.key, json!({ "user": "ada" })).await;
        assert_eq!(status, 201, "{asked}");
        let text = |field: &str| asked[field].as_str().unwrap().to_owned();
        (text("challenge_id"), text("number"))
    }

    async fn state(&self, challenge: &str) -> String {
        let path = format!("/v1/challenges/{challenge}");
        let (_, seen) = self.live.call("GET", &path, &self.tenant.key, Value::Null).await;
        seen["state"].as_str().unwrap().to_owned()
    }
}

#[tokio::test]
async fn after_a_fingerprint_is_re_enrolled_cannot_approve_can_deny() {
    let world = Enrolled::new().await;
    let (first, number) = world.ask().await;
    assert_eq!(world.phone.wait_pending(10.0).await.unwrap()[0].id, first);
    assert_eq!(world.phone.approve(first, Some(number)).await, Ok(AnswerOutcome::Approved));

    world.platform.re_enrolled.store(true, Ordering::SeqCst);
    let (second, number) = world.ask().await;
    assert_eq!(world.phone.wait_pending(10.0).await.unwrap()[0].id, second);
    assert_eq!(world.phone.approve(second.clone(), Some(number)).await, Err(NodError::KeyUnusable));
    assert_eq!(world.phone.pending().len(), 1, "it waits on");
    assert_eq!(world.state(&second).await, "pending");
    assert_eq!(world.phone.deny(second.clone()).await, Ok(AnswerOutcome::Denied));
    assert_eq!(world.state(&second).await, "denied");
}

#[tokio::test]
async fn a_prompt_that_the_user_declines_answers_nothing() {
    let world = Enrolled::new().await;
    let (id, number) = world.ask().await;
    world.phone.wait_pending(10.0).await.unwrap();
    world.platform.away.store(true, Ordering::SeqCst);
    let declined = world.phone.approve(id.clone(), Some(number.clone())).await;
    assert_eq!(declined, Err(NodError::UserNotVerified));
    assert_eq!(world.state(&id).await, "pending");
    assert_eq!(
        world.platform.prompts.lock().unwrap().last(),
        Some(&PromptReason::Approve { service: "Payroll".to_owned() })
    );
    world.platform.away.store(false, Ordering::SeqCst);
    assert_eq!(world.phone.approve(id, Some(number)).await, Ok(AnswerOutcome::Approved));
}

#[tokio::test]
async fn backup_restored_on_another_device_no_keys() {
    let world = Enrolled::new().await;
    world.phone.add_codes("otpauth://totp/Example:ada?secret=JBSWY3DPEHPK3PXP".to_owned()).await.unwrap();
    let sealed = world.phone.export_codes("a long passphrase".to_owned()).await.unwrap();
    world.phone.disconnect().await;
    // A copy of everything that the app stored, without what the platform's key store guards.
    let elsewhere = tempfile::tempdir().unwrap();
    for file in std::fs::read_dir(world.dir.path()).unwrap() {
        let file = file.unwrap();
        std::fs::copy(file.path(), elsewhere.path().join(file.file_name())).unwrap();
    }
    let other = Arc::new(Platform::default());
    let opened = open(elsewhere.path(), 8, &other).await;
    assert_eq!(opened.err(), Some(NodError::WrongPassphrase), "the vault's key stayed behind");
    // Even with the vault's key: the private keys were never in it.
    let copy = open(elsewhere.path(), 7, &other).await.unwrap();
    assert_eq!(copy.accounts().await.unwrap().len(), 1);
    let (id, _) = world.ask().await;
    assert_eq!(copy.wait_pending(2.0).await.unwrap(), [], "it can open no challenge, nor connect");
    assert_eq!(world.state(&id).await, "pending");
    assert_eq!(copy.offer_move(None).await.err(), Some(NodError::KeyUnusable));
    copy.disconnect().await;
    // The backup that the user makes holds one-time codes, and no account.
    let third = tempfile::tempdir().unwrap();
    let fresh = open(third.path(), 9, &other).await.unwrap();
    let added = fresh.restore_codes(sealed, "a long passphrase".to_owned()).await.unwrap();
    assert_eq!((added.added, fresh.accounts().await.unwrap().len()), (1, 0));
}

#[tokio::test]
async fn a_scanned_text_does_nothing_before_it_is_confirmed() {
    let world = Enrolled::new().await;
    let (status, made) =
        world.live.call("POST", "/v1/enrolments", &world.tenant.key, json!({ "user": "eve" })).await;
    assert_eq!(status, 201);
    let qr = made["qr"].as_str().unwrap().to_owned();
    let relay = format!("ws://{}", world.live.host);
    assert_eq!(scan(qr.clone()), Ok(ScannedText::Enrolment { relay }));
    let path = format!("/v1/enrolments/{}", made["enrolment_id"].as_str().unwrap());
    let (_, seen) = world.live.call("GET", &path, &world.tenant.key, Value::Null).await;
    assert_eq!(seen["state"], "waiting", "nobody has answered it: {seen}");
    assert_eq!(world.phone.accounts().await.unwrap().len(), 1);
}
