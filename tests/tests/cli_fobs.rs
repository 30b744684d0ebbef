//! Key fobs from a maker's file to a user's hand, with real processes. `oathtool` is the fob.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::path::{Path, PathBuf};

use nod_tests::codes::{Ticking, pressed, refused, sign_in};
use nod_tests::process::{Done, Relay, run};
use nod_tests::story::{Login, text};
use serde_json::{Value, json};

const COUNTING: &str = "3132333435363738393031323334353637383930";
const TICKING: &str = "aabbccddeeff00112233445566778899aabbccdd";

/// The values of figures 6 and 7 of RFC 6030: how the key is found, the key for the MACs, the secret, its MAC.
const FIGURE_6: [&str; 4] = [
    "<ds:KeyName>Pre-shared-key</ds:KeyName>",
    "ESIzRFVmd4iZABEiM0RVZgKn6WjLaTC1sbeBMSvIhRejN9vJa2BOlSaMrR7I5wSX",
    "AAECAwQFBgcICQoLDA0OD+cIHItlB3Wra1DUpxVvOx2lef1VmNPCMl8jwZqIUqGv",
    "Su+NvtQfmvfJzF6bmQiJqoLRExc=",
];
const FIGURE_7: [&str; 4] = [
    "<x:DerivedKey><x:KeyDerivationMethod Algorithm='http://www.rsasecurity.com/rsalabs/pkcs/schemas/pkcs-5v2-0#pbkdf2'>\
     <p:PBKDF2-params><Salt><Specified>Ej7/PEpyEpw=</Specified></Salt><IterationCount>1000</IterationCount>\
     <KeyLength>16</KeyLength><PRF/></p:PBKDF2-params></x:KeyDerivationMethod></x:DerivedKey>",
    "2GTTnLwM3I4e5IO5FkufoOEiOhNj91fhKRQBtBJYluUDsPOLTfUvoU2dStyOwYZx",
    "oTvo+S22nsmS2Z/RtcoF8Hfh+jzMe0RkiafpoDpnoZTjPYZu6V+A4aEn032yCr4f",
    "LP6xMvjtypbfT9PdkJhBZ+D6O4w=",
];

struct Place {
    login: Login,
    dir: tempfile::TempDir,
    _relay: Relay,
}

impl Place {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let relay = Relay::start(&dir.path().join("relay"));
        let key = relay.add_service(&["Fjordbanken"]);
        Self { login: Login::managed(&relay, &key), dir, _relay: relay }
    }

    fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.dir.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    fn import(&self, file: &Path, args: &[&str]) -> Done {
        let mut import = self.login.service(&["import-fobs"]);
        run(import.arg(file).args(args))
    }

    fn give(&self, user: &str, serial: &str) -> String {
        let given = run(&mut self.login.command(&["fob", "assign", user, serial])).with(0);
        assert_eq!(given["method"]["hint"], serial);
        text(&given["method"]["method_id"])
    }
}

fn container(serial: &str, algorithm: &str, digits: u8, head: &str, data: &str) -> String {
    format!(
        "<?xml version='1.0'?><KeyContainer Version='1.0' xmlns='urn:ietf:params:xml:ns:keyprov:pskc' \
         xmlns:ds='http://www.w3.org/2000/09/xmldsig#' xmlns:e='http://www.w3.org/2001/04/xmlenc#' \
         xmlns:x='http://www.w3.org/2009/xmlenc11#' \
         xmlns:p='http://www.rsasecurity.com/rsalabs/pkcs/schemas/pkcs-5v2-0#'>{head}\
         <KeyPackage><DeviceInfo><Manufacturer>Maker</Manufacturer><SerialNo>{serial}</SerialNo></DeviceInfo>\
         <Key Id='1' Algorithm='urn:ietf:params:xml:ns:keyprov:pskc:{algorithm}'><AlgorithmParameters>\
         <ResponseFormat Length='{digits}' Encoding='DECIMAL'/></AlgorithmParameters><Data>{data}</Data></Key>\
         </KeyPackage></KeyContainer>"
    )
}

fn encrypted([key, mac_key, secret, mac]: [&str; 4]) -> String {
    let value = |value: &str| {
        format!(
            "<e:EncryptionMethod Algorithm='http://www.w3.org/2001/04/xmlenc#aes128-cbc'/>\
             <e:CipherData><e:CipherValue>{value}</e:CipherValue></e:CipherData>"
        )
    };
    let head = format!(
        "<EncryptionKey>{key}</EncryptionKey><MACMethod Algorithm='http://www.w3.org/2000/09/xmldsig#hmac-sha1'>\
         <MACKey>{}</MACKey></MACMethod>",
        value(mac_key)
    );
    let data = format!(
        "<Secret><EncryptedValue>{}</EncryptedValue><ValueMAC>{mac}</ValueMAC></Secret>",
        value(secret)
    );
    container("987654321", "hotp", 8, &head, &data)
}

#[test]
fn fobs_of_a_csv_file_let_their_users_in() {
    let place = Place::new();
    let file = place.file(
        "fobs.csv",
        &format!("serial,secret,type,digits,period,counter,model\nC-1,{COUNTING},hotp,6,,,Button\nT-1,{TICKING},totp,6,60,,Clock\n"),
    );
    let read = place.import(&file, &["--dry-run"]).with(0);
    assert_eq!(read, json!({ "dry_run": true, "fobs": 2, "totp": 1, "hotp": 1, "refused": [] }));
    let login = &place.login;
    assert_eq!(run(&mut login.service(&["fobs"])).with(0)["fobs"], json!([]), "nothing was sent");
    let nothing = json!([]);
    let done = place.import(&file, &[]).with(0);
    assert_eq!(done, json!({ "imported": 2, "unchanged": 0, "conflict": nothing, "refused": nothing }));
    let again = place.import(&file, &[]).with(0);
    assert_eq!(again, json!({ "imported": 0, "unchanged": 2, "conflict": nothing, "refused": nothing }));

    place.give("alice", "C-1");
    let taken = run(&mut login.command(&["fob", "assign", "bob", "C-1"])).error(1);
    assert_eq!(taken["type"], "not-found", "it belongs to somebody");
    let codes = pressed(COUNTING, 0, 4);
    let done = sign_in(login, "alice", "fob", &codes[1]);
    assert_eq!((&done["state"], &done["acr"]), (&json!("approved"), &json!("otp")));
    assert_eq!(refused(login, "alice", "fob", &codes[1])["type"], "wrong-code", "no code twice");
    assert_eq!(refused(login, "alice", "fob", &codes[0])["type"], "wrong-code", "and none before it");
    assert_eq!(sign_in(login, "alice", "fob", &codes[3])["state"], "approved");

    place.give("bob", "T-1");
    let mut clock = Ticking::new(TICKING, 60);
    assert_eq!(sign_in(login, "bob", "fob", &clock.code())["state"], "approved");
    assert_eq!(sign_in(login, "bob", "fob", &clock.code())["state"], "approved");
}

#[test]
fn a_fob_that_was_pressed_too_often_is_found_again() {
    let place = Place::new();
    let login = &place.login;
    let file = place.file("fobs.csv", &format!("2001,{COUNTING},hotp,6,5\n"));
    assert_eq!(place.import(&file, &[]).with(0)["imported"], 1);
    let method = place.give("carol", "2001");
    let codes = pressed(COUNTING, 60, 5);
    assert_eq!(refused(login, "carol", "fob", &codes[0])["type"], "wrong-code");
    let apart = run(&mut login.command(&["fob", "resync", "carol", &method, &codes[0], &codes[2]])).error(1);
    assert_eq!(apart["type"], "wrong-code", "they must follow each other");
    let found = run(&mut login.command(&["fob", "resync", "carol", &method, &codes[1], &codes[2]])).with(0);
    assert_eq!(found["method"]["method_id"], method);
    assert_eq!(refused(login, "carol", "fob", &codes[2])["type"], "wrong-code", "they are used up");
    assert_eq!(sign_in(login, "carol", "fob", &codes[3])["state"], "approved");
}

#[test]
fn fobs_of_pskc_files_are_opened_with_their_key_or_passphrase() {
    let place = Place::new();
    let login = &place.login;
    let plain = format!(
        "<Secret><PlainValue>MTIzNDU2Nzg5MDEyMzQ1Njc4OTA=</PlainValue></Secret>{}",
        "<TimeInterval><PlainValue>30</PlainValue></TimeInterval>"
    );
    let file = place.file("plain.xml", &container("P-1", "totp", 6, "", &plain));
    assert_eq!(place.import(&file, &[]).with(0)["imported"], 1);
    place.give("dora", "P-1");
    assert_eq!(sign_in(login, "dora", "fob", &Ticking::new(COUNTING, 30).code())["state"], "approved");

    let by_key = place.file("key.xml", &encrypted(FIGURE_6));
    assert_eq!(place.import(&by_key, &[]).error(1)["type"], "fob-file", "without its key");
    let wrong = place.file("wrong.key", "00112233445566778899aabbccddeeff\n");
    let refusal = place.import(&by_key, &["--key", wrong.to_str().unwrap()]).error(1);
    assert_eq!(refusal["type"], "fob-file");
    let right = place.file("right.key", "12345678901234567890123456789012\n");
    assert_eq!(place.import(&by_key, &["--key", right.to_str().unwrap()]).with(0)["imported"], 1);
    place.give("eva", "987654321");
    let codes = nod_tests::codes::oathtool(&["--hotp", "--digits=8", "--window=1", COUNTING]);
    assert_eq!(sign_in(login, "eva", "fob", &codes[0])["state"], "approved");

    let by_passphrase = place.file("passphrase.xml", &encrypted(FIGURE_7));
    let passphrase = place.file("passphrase", "qwerty\n");
    let args = ["--format", "pskc", "--passphrase-file", passphrase.to_str().unwrap()];
    let same = place.import(&by_passphrase, &args).with(0);
    assert_eq!(same["unchanged"], 1, "figure 7 holds the secret of figure 6");
    assert_eq!(sign_in(login, "eva", "fob", &codes[1])["state"], "approved", "its counter stays");
}

#[test]
fn what_cannot_be_imported_is_named_and_the_rest_is() {
    let place = Place::new();
    let login = &place.login;
    let file =
        place.file("fobs.csv", &format!("3001,{COUNTING},hotp\n3002,oops,hotp\n3003,{TICKING},totp,6,5\n"));
    let done = place.import(&file, &[]).with(1);
    assert_eq!(done["imported"], 1);
    let refused: Vec<(Option<u64>, String)> = done["refused"]
        .as_array()
        .unwrap()
        .iter()
        .map(|refused| (refused["place"].as_u64(), text(&refused["serial"])))
        .collect();
    assert_eq!(refused, [(Some(2), "3002".to_owned()), (Some(3), "3003".to_owned())]);
    assert!(!done.to_string().contains("oops"), "the secret is not shown");
    let other = place.file("other.csv", &format!("3001,{TICKING},hotp\n"));
    let conflict = place.import(&other, &[]).with(1);
    assert_eq!(conflict["conflict"], json!(["3001"]));

    assert_eq!(run(&mut login.service(&["delete-fob", "3001"])).with(0)["state"], "deleted");
    assert_eq!(run(&mut login.service(&["delete-fob", "3001"])).error(1)["type"], "not-found");
    assert_eq!(place.import(&other, &[]).with(0)["imported"], 1);
}

#[test]
fn many_fobs_go_in_batches_and_are_listed() {
    let place = Place::new();
    let lines: String = (0..250).map(|n| format!("{n:04},{n:040x},hotp\n")).collect();
    let file = place.file("many.csv", &lines);
    assert_eq!(place.import(&file, &[]).with(0)["imported"], 250);
    let list = run(&mut place.login.service(&["fobs"])).with(0);
    let serials: Vec<String> =
        list["fobs"].as_array().unwrap().iter().map(|fob| text(&fob["serial"])).collect();
    assert_eq!(serials, (0..250).map(|n| format!("{n:04}")).collect::<Vec<_>>());
    place.give("frida", "0007");
    let list: Value = run(&mut place.login.service(&["fobs"])).with(0);
    assert_eq!(list["fobs"][7]["user"], "frida");
    let held = run(&mut place.login.service(&["delete-fob", "0007"])).error(1);
    assert_eq!(held["type"], "not-found", "it belongs to somebody");
}
