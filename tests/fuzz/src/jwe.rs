//! Any text is refused, or opens to the same message each time. `NUL text` is sealed first and must open.
#![no_main]

use libfuzzer_sys::fuzz_target;
use nod_protocol::bytes::Secret;
use nod_protocol::enrol_seal;
use nod_protocol::es256::{Signer as _, SoftwareKey};
use nod_protocol::ids::EnrolmentId;
use nod_protocol::jwe;
use nod_protocol::random::SeededForTests;

fuzz_target!(|data: &[u8]| {
    let key = SoftwareKey::from_scalar(Secret::from_bytes([0x33; 32])).unwrap();
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Some(message) = text.strip_prefix('\0') {
        // Trailing spaces are padding; a JOSE message never has any.
        let message = message.trim_end_matches(' ');
        let sealed = jwe::seal(message, &key.public_key(), &SeededForTests::new(1)).unwrap();
        if sealed.len() <= jwe::MAX_LEN {
            assert_eq!(*jwe::open(&sealed, &key).unwrap(), message);
        }
        return;
    }
    let _ = jwe::open(text, &key);
    let _ = enrol_seal::open(text, EnrolmentId::from_bytes([6; 16]), &Secret::from_bytes([7; 32]));
});
