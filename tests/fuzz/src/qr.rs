//! Any text is refused or reads to something that writes the same again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use nod_protocol::qr::EnrolmentQr;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(qr) = EnrolmentQr::parse(text) {
        assert_eq!(EnrolmentQr::parse(&qr.to_text()), Ok(qr), "a read code writes to one that reads the same");
    }
});
