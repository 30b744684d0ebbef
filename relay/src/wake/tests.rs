//! Setting wake-ups up: what is on, and what each mistake in the settings is told.

use nod_login::clock::SystemClock;
use nod_protocol::OsRandom;

use super::*;
use crate::settings::{Apns, Fcm, Wake, WebPush};
use crate::store::memory;

async fn with(settings: Wake) -> Result<Arc<Wakes>, WakeError> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    Wakes::new(Parts {
        settings,
        dir: None,
        store: RelayStore::open(memory::open().unwrap()).await.unwrap(),
        master: Arc::new(MasterKey::ephemeral(&OsRandom).unwrap()),
        clock: Arc::new(SystemClock),
        random: Arc::new(OsRandom),
    })
}

fn web_push() -> WebPush {
    WebPush { subject: Some("mailto:operator@example.org".to_owned()), ..WebPush::default() }
}

async fn refused(settings: Wake) -> String {
    match with(settings).await {
        Err(error) => error.to_string(),
        Ok(_) => panic!("it was set up"),
    }
}

#[tokio::test]
async fn what_is_off_is_not_offered() {
    let wakes = with(Wake { web_push: web_push(), ..Wake::default() }).await.unwrap();
    let offer = wakes.offer();
    assert!(offer.web_push.is_some() && offer.fcm.is_none() && offer.apns.is_none());
    assert!(!wakes.takes(&WakeTarget::fcm("token").unwrap()));
    assert!(!Wake::default().is_on());
}

#[tokio::test]
async fn each_file_that_cannot_be_used_is_named_with_its_setting() {
    let dir = tempfile::tempdir().unwrap();
    let missing = dir.path().join("missing");
    let fcm = |file: &Path| Wake {
        fcm: Fcm { service_account: Some(file.to_owned()), ..Fcm::default() },
        ..Wake::default()
    };
    let named = |text: &str| Some(text.to_owned());
    let apns = |file: &Path| Wake {
        apns: Apns {
            key: Some(file.to_owned()),
            key_id: named("K"),
            team_id: named("T"),
            topic: named("org.example"),
            ..Apns::default()
        },
        ..Wake::default()
    };
    for (setting, settings) in
        [("wake.fcm.service_account", fcm(&missing)), ("wake.apns.key", apns(&missing))]
    {
        let said = refused(settings).await;
        assert!(said.starts_with(setting) && said.contains("missing cannot be read"), "{said}");
    }
    let other = dir.path().join("other");
    for (text, what) in [
        ("no JSON", "is not the JSON file"),
        (
            r#"{"project_id":"../x","client_email":"a","private_key":"","token_uri":"https://a"}"#,
            "project_id",
        ),
        (r#"{"project_id":"x","client_email":"a","private_key":"","token_uri":"file:///a"}"#, "token_uri"),
        (
            r#"{"project_id":"x","client_email":"a","private_key":"none","token_uri":"https://a"}"#,
            "private key",
        ),
    ] {
        std::fs::write(&other, text).unwrap();
        let said = refused(fcm(&other)).await;
        assert!(said.contains(what), "{said}");
        assert!(refused(apns(&other)).await.contains(".p8"));
    }
    let roots = Wake { ca_file: Some(other), web_push: web_push(), ..Wake::default() };
    assert!(refused(roots).await.contains("wake.ca_file"));
}

#[tokio::test]
async fn endpoints_inside_the_network_are_not_taken_unless_they_are_on_the_list() {
    let private_hosts = vec!["10.1.2.3".to_owned()];
    let settings = Wake { web_push: WebPush { private_hosts, ..web_push() }, ..Wake::default() };
    let wakes = with(settings).await.unwrap();
    let key = wakes.offer().web_push.unwrap();
    let takes = |endpoint: &str| {
        wakes.takes(&WakeTarget::web_push(endpoint, &key, "BTBZMqHH6r4Tts7J_aSIgg").unwrap())
    };
    assert!(takes("https://push.example/up") && takes("https://10.1.2.3/up"));
    for inside in
        ["https://10.1.2.4/up", "http://127.0.0.1/up", "https://[::1]/up", "https://169.254.169.254/up"]
    {
        assert!(!takes(inside), "{inside}");
    }
}
