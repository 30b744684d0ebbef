//! What is drawn in a terminal: QR codes, large numbers, a countdown.

pub(crate) mod countdown;
pub(crate) mod digits;
pub(crate) mod keys;
pub(crate) mod qr;
