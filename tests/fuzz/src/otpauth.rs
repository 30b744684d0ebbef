//! Any text is refused or read, the same each time; what is read has a name and is within the limits.
//! `NUL bytes` is an export with those bytes in it.
#![no_main]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use libfuzzer_sys::fuzz_target;
use nod_phone::codes::{CodeKind, Import};

fuzz_target!(|data: &[u8]| {
    let export;
    let text = if let Some(message) = data.strip_prefix(b"\0") {
        export = format!("otpauth-migration://offline?data={}", STANDARD.encode(message).replace('+', "%2B"));
        &export
    } else {
        let Ok(text) = std::str::from_utf8(data) else { return };
        text
    };
    let Ok(import) = Import::parse(text) else { return };
    assert!(!import.codes.is_empty(), "an import without a code");
    for code in &import.codes {
        assert!(!code.issuer().is_empty() || !code.account().is_empty(), "a code without a name");
        assert!(code.issuer().chars().count() <= 128 && code.account().chars().count() <= 128);
        assert!((6..=8).contains(&code.digits().count()));
        if let CodeKind::Totp { period } = code.kind() {
            assert!((1..=86_400).contains(&period.seconds()));
        }
    }
    if let Some(part) = import.part {
        assert!(part.number >= 1 && part.number <= part.of, "a part that is none");
    }
    assert_eq!(Import::parse(text), Ok(import));
});
