//! Any text is refused or reads to a frame that writes and reads the same again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use nod_protocol::frames::{DeviceFrame, RelayFrame};

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(frame) = DeviceFrame::parse(text) {
        assert_eq!(DeviceFrame::parse(&frame.to_text()), Ok(frame));
    }
    if let Ok(frame) = RelayFrame::parse(text) {
        assert_eq!(RelayFrame::parse(&frame.to_text()), Ok(frame));
    }
});
