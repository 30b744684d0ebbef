//! Reading key fobs' files: both CSV forms, and containers with the values of RFC 6030's figures.

use proptest::prelude::*;

use super::*;

mod container;

use container::{AES128, FIGURE_6, FIGURE_7, HMAC_SHA1, Sealed, container, key, plain};

/// A moment in 2026.
const NOW: UnixMillis = UnixMillis(1_790_000_000_000);
const SECRET: &[u8] = b"12345678901234567890";
const HEX: &str = "3132333435363738393031323334353637383930";

fn read_text(text: &str) -> Result<Fobs, FileError> {
    read(text.as_bytes(), None, &Unlock::Nothing, NOW)
}

#[track_caller]
fn fobs(text: &str) -> Vec<Fob> {
    let found = read_text(text).unwrap();
    assert_eq!(found.refused, [], "{text}");
    found.fobs
}

/// The one reason why the one fob of a file is refused.
#[track_caller]
fn refusal(text: &str) -> Reason {
    let found = read_text(text).unwrap();
    assert!(found.fobs.is_empty() && found.refused.len() == 1, "{found:?}");
    found.refused[0].reason.clone()
}

#[test]
fn a_header_names_the_columns_in_any_order() {
    let found = fobs(&format!(
        "\u{feff}Type, Serial ,secret,algorithm,digits,period,counter,model\r\n\
         totp,T-1,{HEX},SHA256,8,60,,\"Maker, Model\"\r\n\
         hotp,H-1,GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ,,,,7,\r\n"
    ));
    let [timed, counted] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!((timed.serial.as_str(), timed.model.as_str()), ("T-1", "Maker, Model"));
    assert_eq!((timed.algorithm, timed.digits), (Algorithm::Sha256, 8));
    assert_eq!(timed.moving, Moving::Time { period_s: 60 });
    assert_eq!((counted.algorithm, counted.digits), (Algorithm::Sha1, 6));
    assert_eq!(counted.moving, Moving::Counter { next: 7 });
    assert!(found.iter().all(|fob| *fob.secret == SECRET));
}

#[test]
fn the_makers_files_have_no_header() {
    let found = fobs(&format!(
        "# delivered on a Friday\n1001,{HEX},totp,6,60\n\n1002,{HEX},hotp,8,5,SHA512\n1003,{HEX}\n1004,{HEX},TOTP"
    ));
    let read: Vec<_> = found.iter().map(|f| (f.serial.as_str(), f.digits, f.moving, f.algorithm)).collect();
    assert_eq!(
        read,
        [
            ("1001", 6, Moving::Time { period_s: 60 }, Algorithm::Sha1),
            ("1002", 8, Moving::Counter { next: 5 }, Algorithm::Sha512),
            ("1003", 6, Moving::Counter { next: 0 }, Algorithm::Sha1),
            ("1004", 6, Moving::Time { period_s: 30 }, Algorithm::Sha1),
        ]
    );
    assert_eq!(fobs(&format!("1001;{HEX};totp;6;60")).len(), 1, "semicolons");
    assert_eq!(fobs(&format!("1001\t{HEX}\ttotp")).len(), 1, "tabs");
}

#[test]
fn a_line_that_cannot_be_imported_is_named_with_its_serial_and_never_its_secret() {
    let found = read_text(&format!(
        "serial,secret,type,digits,period\n# a comment\n\nA,{HEX},totp,6,30\nB,not-a-secret!,totp,6,30\n\
         C,{HEX},ocra,6,30\nD,{HEX},totp,9,30\nE,{HEX},totp,6,10\nF,3132,totp,6,30\n,{HEX},totp,6,30\n\
         A,{HEX},totp,6,30\nG,,totp\nH,{HEX},totp,6,x\nI,{HEX},totp,6,30,9"
    ))
    .unwrap();
    assert_eq!(found.fobs.len(), 1);
    let refused: Vec<_> =
        found.refused.iter().map(|r| (r.place, r.serial.as_deref(), r.reason.clone())).collect();
    assert_eq!(
        refused,
        [
            (5, Some("B"), Reason::SecretForm),
            (6, Some("C"), Reason::Type),
            (7, Some("D"), Reason::Digits),
            (8, Some("E"), Reason::Period),
            (9, Some("F"), Reason::SecretLength),
            (10, None, Reason::Serial),
            (11, Some("A"), Reason::Twice),
            (12, Some("G"), Reason::NoSecret),
            (13, Some("H"), Reason::Period),
            (14, Some("I"), Reason::Columns),
        ]
    );
    let said = format!("{found:?}");
    assert!(!said.contains("not-a-secret") && !said.contains("313233"), "{said}");
}

#[test]
fn a_header_that_is_not_understood_stops_everything() {
    let error = |text: &str| read_text(text).unwrap_err();
    assert_eq!(error("serial,secret,type,algoritm\n"), FileError::Column("algoritm".to_owned()));
    assert_eq!(error("serial,serial,type\n"), FileError::Column("serial".to_owned()));
    assert_eq!(error("serial,type\n"), FileError::NoColumn("secret"));
    assert_eq!(error("serial,secret\n"), FileError::NoColumn("type"));
    assert_eq!(error("serial,secret,type\n"), FileError::Empty);
    assert_eq!(error(" \n#\n"), FileError::Empty);
    assert_eq!(error(&"x".repeat(70_000)), FileError::Line(1));
    assert_eq!(error(&format!("A,{HEX}\n{}", ",".repeat(20))), FileError::Line(2));
    assert_eq!(read(&[0xff], None, &Unlock::Nothing, NOW).unwrap_err(), FileError::NotUtf8);
}

#[test]
fn an_unclosed_quotation_mark_swallows_no_key_fob() {
    let lines = |first: &str| format!("serial,secret,type,model\n{first}\nB,{HEX},hotp,x\nC,{HEX},hotp,x\n");
    assert_eq!(fobs(&lines(&format!("A,{HEX},hotp,\"a \"\"b\"\"\""))).len(), 3);
    for open in [format!("A,{HEX},hotp,\"x"), format!("\"A,{HEX},hotp,x"), format!("A,{HEX},hotp,\"x\ny\"")] {
        assert_eq!(read_text(&lines(&open)).unwrap_err(), FileError::Quote(2), "{open}");
    }
    assert_eq!(read_text(&lines(&format!("A,{HEX},hotp,\"x\ry\""))).unwrap_err(), FileError::Quote(2));
}

#[test]
fn a_header_of_other_words_stops_everything_and_names_those_that_are_known() {
    for header in
        ["Token ID,Seed,Kind", "Seriennummer;Geheimnis;Typ", "sn\tkey", "serialnumber,seed,type_of,a,b,c,d"]
    {
        let error = read_text(&format!("# a comment\n{header}\nA,{HEX},totp\n")).unwrap_err();
        assert!(matches!(error, FileError::Header { line: 2, .. }), "{header}: {error}");
        let said = error.to_string();
        assert!(said.ends_with("serial, secret, type, digits, period, counter, algorithm, model"), "{said}");
    }
    // Not the first line: that fob alone.
    assert_eq!(read_text(&format!("A,{HEX}\nB,seed\n")).unwrap().refused.len(), 1);
}

#[test]
fn a_counter_is_one_that_the_relay_takes() {
    let with = |counter: u64| format!("A,{HEX},hotp,6,{counter}\n");
    assert_eq!(fobs(&with(4_294_967_295))[0].moving, Moving::Counter { next: 4_294_967_295 });
    assert_eq!(read_text(&with(4_294_967_296)).unwrap().refused[0].reason, Reason::Counter);
    assert!(Reason::Counter.to_string().contains("4294967295"));
}

#[test]
fn a_file_has_bounds() {
    let large = vec![b' '; usize::try_from(MAX_FILE).unwrap() + 1];
    assert_eq!(read(&large, None, &Unlock::Nothing, NOW).unwrap_err(), FileError::TooLarge);
    let many: String = (0..=MAX_FOBS).map(|n| format!("{n},{HEX}\n")).collect();
    assert_eq!(read_text(&many).unwrap_err(), FileError::TooMany);
}

#[test]
fn the_plain_containers_of_rfc_6030_are_read() {
    // Figure 2: no device, no parameters, and a secret of four bytes, which is too short to be taken.
    let short = "<Key Id='12345678' Algorithm='urn:ietf:params:xml:ns:keyprov:pskc:hotp'><Issuer>Issuer-A</Issuer>\
                 <Data><Secret><PlainValue>MTIzNA==</PlainValue></Secret></Data></Key>";
    assert_eq!(refusal(&container("", short)), Reason::SecretLength);
    // Figure 3: a device, eight digits, a counter.
    let found = fobs(&container(
        "",
        &key("987654321", "hotp", 8, &plain(SECRET), "<Counter><PlainValue>0</PlainValue></Counter>", ""),
    ));
    assert_eq!((found[0].serial.as_str(), found[0].model.as_str()), ("987654321", "Manufacturer"));
    assert_eq!((found[0].digits, found[0].moving), (8, Moving::Counter { next: 0 }));
    assert_eq!(*found[0].secret, SECRET);
    // Figure 4: a key that only a profile names.
    let profile = key("987654321", "hotp", 8, "", "<Counter><PlainValue>0</PlainValue></Counter>", "");
    assert_eq!(refusal(&container("", &profile)), Reason::NoSecret);
    // Figure 10: four packages, two of them with one serial number.
    let many: String = ["654321", "123456", "9999999", "9999999"]
        .map(|serial| key(serial, "hotp", 8, &plain(SECRET), "", ""))
        .concat();
    let found = read_text(&container("", &many)).unwrap();
    assert_eq!(found.fobs.len(), 3);
    assert_eq!((found.refused[0].place, &found.refused[0].reason), (4, &Reason::Twice));
}

#[test]
fn a_time_based_key_has_its_interval_and_its_hash() {
    let interval =
        "<Time><PlainValue>0</PlainValue></Time><TimeInterval><PlainValue>60</PlainValue></TimeInterval>";
    let found = fobs(&container("", &key("T", "totp", 6, &plain(SECRET), interval, "")));
    assert_eq!(found[0].moving, Moving::Time { period_s: 60 });
    let text = container("", &key("T", "totp", 6, &plain(SECRET), "", ""));
    let text = text.replace("<ResponseFormat", "<Suite>HMAC-SHA256</Suite><ResponseFormat");
    assert_eq!(fobs(&text)[0].algorithm, Algorithm::Sha256);
    assert_eq!(refusal(&text.replace("HMAC-SHA256", "HMAC-MD5")), Reason::Hash);
}

#[test]
fn policies_that_cannot_be_kept_are_refused() {
    let with = |policy: &str| {
        container("", &key("S", "hotp", 6, &plain(SECRET), "", &format!("<Policy>{policy}</Policy>")))
    };
    // Figure 5: the fob itself asks for its PIN; its key is for one-time passwords.
    let figure_5 =
        "<PINPolicy PINKeyId='123456781' PINUsageMode='Local' MinLength='4'/><KeyUsage>OTP</KeyUsage>";
    assert_eq!(fobs(&with(figure_5)).len(), 1);
    assert_eq!(fobs(&with("<ExpiryDate>2037-12-31T00:00:00Z</ExpiryDate>")).len(), 1);
    for (policy, reason) in [
        ("<KeyUsage>Encrypt</KeyUsage>", Reason::Usage),
        ("<PINPolicy PINUsageMode='Append'/>", Reason::Pin),
        ("<NumberOfTransactions>5</NumberOfTransactions>", Reason::Transactions),
        ("<ExpiryDate>2006-05-31T00:00:00Z</ExpiryDate>", Reason::Expired),
        ("<StartDate>2037-12-31T00:00:00Z</StartDate>", Reason::NotYet),
        ("<StartDate>soon</StartDate>", Reason::Validity),
        ("<Place>here</Place>", Reason::Policy("Place".to_owned())),
        ("<x:Place xmlns:x='urn:x'>here</x:Place>", Reason::Policy("Place".to_owned())),
    ] {
        assert_eq!(refusal(&with(policy)), reason, "{policy}");
    }
}

#[test]
fn keys_that_are_not_for_one_time_passwords_are_refused() {
    let good = container("", &key("S", "hotp", 6, &plain(SECRET), "", ""));
    for (from, to, reason) in [
        ("pskc:hotp'", "pskc:pin'", Reason::KeyAlgorithm),
        ("DECIMAL", "HEXADECIMAL", Reason::Encoding),
        ("Length='6'", "Length='6' CheckDigits='true'", Reason::Encoding),
        ("Length='6'", "Length='10'", Reason::Digits),
        ("<SerialNo>S</SerialNo>", "<SerialNo>a&#x202e;b</SerialNo>", Reason::Serial),
        ("<Secret>", "<Counter><EncryptedValue/></Counter><Secret>", Reason::Sealed),
    ] {
        let changed = good.replacen(from, to, 1);
        assert_ne!(changed, good);
        // An encrypted counter asks for a key first.
        let read = read(changed.as_bytes(), None, &Unlock::Nothing, NOW);
        match read {
            Ok(found) => assert_eq!(found.refused[0].reason, reason, "{to}"),
            Err(error) => assert!(reason == Reason::Sealed && error != FileError::Empty, "{error}"),
        }
    }
}

#[test]
fn a_document_type_is_refused_and_so_nothing_is_expanded() {
    let bomb = "<!DOCTYPE k [<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;&a;&a;&a;&a;'>]><KeyContainer>&b;</KeyContainer>";
    assert!(matches!(read_text(bomb), Err(FileError::Xml { .. })));
    assert_eq!(read_text("<KeyContainer/>").unwrap_err(), FileError::NotPskc);
    let version_2 = container("", "").replace("Version='1.0'", "Version='2.0'");
    assert_eq!(read_text(&version_2).unwrap_err(), FileError::NotPskc);
    assert_eq!(read_text(&container("", "")).unwrap_err(), FileError::Empty);
    let deep = "<a>".repeat(200_000);
    assert!(matches!(read_text(&deep), Err(FileError::Xml { .. })));
}

#[test]
fn an_error_in_the_file_quotes_nothing_of_it() {
    let broken =
        container("", &key("S", "hotp", 6, &plain(SECRET), "", "")).replace("</Secret>", "</SecretMTIz>");
    let said = read_text(&broken).unwrap_err().to_string();
    assert!(!said.contains("MTIz") && said.contains("line "), "{said}");
}

#[test]
fn the_pre_shared_key_of_figure_6_opens_it() {
    let unlock = Unlock::key("12345678901234567890123456789012").unwrap();
    let found = read(FIGURE_6.text().as_bytes(), None, &unlock, NOW).unwrap();
    assert_eq!((*found.fobs[0].secret).as_slice(), SECRET);
    assert_eq!(found.fobs[0].serial, "987654321");
    assert_eq!(read_text(&FIGURE_6.text()).unwrap_err(), FileError::NeedsKey);
}

#[test]
fn the_passphrase_of_figure_7_opens_it() {
    let unlock = |passphrase: &str| Unlock::Passphrase(Zeroizing::new(passphrase.to_owned()));
    let text = FIGURE_7.text();
    let found = read(text.as_bytes(), None, &unlock("qwerty"), NOW).unwrap();
    assert_eq!((*found.fobs[0].secret).as_slice(), SECRET);
    assert_eq!(read_text(&text).unwrap_err(), FileError::NeedsPassphrase);
    let wrong = read(text.as_bytes(), None, &unlock("qwertz"), NOW).unwrap_err();
    assert!(matches!(wrong, FileError::MacKey | FileError::Mac(_)), "{wrong}");
}

#[test]
fn another_derivation_than_the_file_may_ask_for_is_refused() {
    let unlock = Unlock::Passphrase(Zeroizing::new("qwerty".to_owned()));
    let text = FIGURE_7.text();
    for (from, to) in [
        ("#pbkdf2", "#scrypt"),
        (">1000<", ">0<"),
        (">1000<", ">4000000000<"),
        (">16<", ">20<"),
        ("<PRF/>", "<PRF Algorithm='urn:x'/>"),
        ("Specified", "Specific"),
    ] {
        let error = read(text.replace(from, to).as_bytes(), None, &unlock, NOW).unwrap_err();
        assert!(matches!(error, FileError::Derivation(_)), "{to}: {error}");
    }
}

#[test]
fn every_cipher_and_mac_opens_and_another_key_does_not() {
    for (length, cipher) in [(16, AES128), (24, "aes192-cbc"), (32, "aes256-cbc")] {
        for (mac, of) in [
            (HMAC_SHA1, ring::hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY),
            ("http://www.w3.org/2001/04/xmldsig-more#hmac-sha256", ring::hmac::HMAC_SHA256),
            ("http://www.w3.org/2001/04/xmldsig-more#hmac-sha512", ring::hmac::HMAC_SHA512),
        ] {
            let sealed = Sealed::new(&vec![7; length], cipher, (mac, of), b"a key for the MACs", SECRET);
            let open = |key: u8| {
                let unlock = Unlock::Key(Zeroizing::new(vec![key; length]));
                read(sealed.text().as_bytes(), None, &unlock, NOW)
            };
            assert_eq!((*open(7).unwrap().fobs[0].secret).as_slice(), SECRET, "{cipher} {mac}");
            assert!(matches!(open(8), Err(FileError::MacKey | FileError::Mac(_))), "{cipher} {mac}");
            let other = Unlock::Key(Zeroizing::new(vec![7; if length == 16 { 32 } else { 16 }]));
            let error = read(sealed.text().as_bytes(), None, &other, NOW).unwrap_err();
            assert_eq!(error, FileError::KeyLength);
        }
    }
}

#[test]
fn nothing_is_used_before_its_mac_was_checked() {
    let unlock = Unlock::key("12345678901234567890123456789012").unwrap();
    let error = |text: &str| read(text.as_bytes(), None, &unlock, NOW).unwrap_err();
    let text = FIGURE_6.text();
    let changed = text.replace("AAECAwQFBgcICQ", "AAECAwQFBgcICR");
    assert_eq!(error(&changed), FileError::Mac("987654321".to_owned()));
    let without = text.replace("ValueMAC", "OtherMAC");
    assert_eq!(error(&without), FileError::NoMac("987654321".to_owned()));
    assert!(matches!(error(&text.replace("MACMethod", "MacMethod")), FileError::MacMethod(_)));
    assert!(matches!(error(&text.replace("hmac-sha1", "hmac-md5")), FileError::MacMethod(_)));
    assert!(matches!(error(&text.replace("aes128-cbc", "tripledes-cbc")), FileError::Encryption(_)));
    assert!(matches!(error(&text.replace("CipherValue", "CipherReference")), FileError::Encryption(_)));
    let rsa = text.replace("<ds:KeyName>Pre-shared-key</ds:KeyName>", "<ds:X509Data/>");
    assert_eq!(error(&rsa), FileError::Encryption("X509Data".to_owned()));
}

#[test]
fn a_key_is_hex_or_base64_of_the_right_length() {
    for good in ["00112233445566778899aabbccddeeff", &"0f ".repeat(32), "AAECAwQFBgcICQoLDA0ODw==\n"] {
        assert!(Unlock::key(good).is_ok(), "{good}");
    }
    for bad in ["", "0011", "AAECAwQF", "not a key"] {
        assert_eq!(Unlock::key(bad).err(), Some(FileError::KeyForm), "{bad}");
    }
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        for format in [None, Some(Format::Csv), Some(Format::Pskc)] {
            let _ = read(&bytes, format, &Unlock::Nothing, NOW);
        }
    }

    #[test]
    fn a_changed_container_is_read_or_refused_and_its_secret_is_whole(
        at in 0usize..2000, byte in any::<u8>(), cut in 0usize..2000,
    ) {
        let mut bytes = FIGURE_6.text().into_bytes();
        let at = at % bytes.len();
        bytes[at] = byte;
        let key = Unlock::key("12345678901234567890123456789012").unwrap();
        if let Ok(found) = read(&bytes, Some(Format::Pskc), &key, NOW) {
            prop_assert!(found.fobs.iter().all(|fob| *fob.secret == SECRET));
        }
        bytes.truncate(cut);
        let _ = read(&bytes, None, &key, NOW);
    }

    #[test]
    fn every_line_that_is_written_is_read(
        serials in prop::collection::btree_set("[A-Za-z0-9_-]{1,64}", 1..20),
        secret in prop::collection::vec(any::<u8>(), 10..=64),
        digits in 6u8..=8, period in 15u32..=300, spare in any::<bool>(),
    ) {
        let hex: String = secret.iter().map(|b| format!("{b:02X}")).collect();
        let base32 = nod_protocol::otp::base32(&secret);
        let written = if spare { hex } else { format!("base32:{}", base32.as_str()) };
        let text: String =
            serials.iter().map(|s| format!("\"{s}\",{written},totp,{digits},{period}\n")).collect();
        let text = format!("serial,secret,type,digits,period\n{text}");
        let found = read_text(&text).unwrap();
        prop_assert_eq!(found.refused.len(), 0);
        let read: BTreeSet<_> = found.fobs.iter().map(|f| f.serial.clone()).collect();
        prop_assert_eq!(read, serials);
        prop_assert!(found.fobs.iter().all(|f| *f.secret == secret && f.digits == digits));
    }
}
