//! The signature of a webhook: `v1=` and the hexadecimal HMAC-SHA256 of `id.timestamp.body` under the service's secret.

use std::fmt::Write as _;

use ring::hmac;

/// The value of `Nod-Webhook-Signature`.
#[must_use]
pub fn signature(secret: &[u8], id: &str, timestamp: u64, body: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
    let tag = hmac::sign(&key, format!("{id}.{timestamp}.{body}").as_bytes());
    let mut text = String::from("v1=");
    for byte in tag.as_ref() {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_the_documented_one() {
        // HMAC-SHA256("key", "a.1.The quick brown fox"), computed with another implementation.
        assert_eq!(
            signature(b"key", "a", 1, "The quick brown fox"),
            "v1=0417dab9535de1d8256cd47166b81c65b7c8bcd5766c10126fcdc3143537d220"
        );
        assert_ne!(signature(b"key", "a", 1, "x"), signature(b"key", "a", 2, "x"));
    }
}
