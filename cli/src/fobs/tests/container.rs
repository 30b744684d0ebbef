//! Containers for the tests: with the values of RFC 6030's figures, and sealed with any key.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockModeEncrypt as _, KeyIvInit as _};

pub(super) const AES128: &str = "aes128-cbc";
pub(super) const HMAC_SHA1: &str = "http://www.w3.org/2000/09/xmldsig#hmac-sha1";

const HEAD: &str = "<EncryptionKey><ds:KeyName>Pre-shared-key</ds:KeyName></EncryptionKey>";

/// The values of figure 6, whose pre-shared key is 12345678901234567890123456789012 in hex.
pub(super) const FIGURE_6: Figure = Figure {
    head: HEAD,
    mac_key: "ESIzRFVmd4iZABEiM0RVZgKn6WjLaTC1sbeBMSvIhRejN9vJa2BOlSaMrR7I5wSX",
    value: "AAECAwQFBgcICQoLDA0OD+cIHItlB3Wra1DUpxVvOx2lef1VmNPCMl8jwZqIUqGv",
    mac: "Su+NvtQfmvfJzF6bmQiJqoLRExc=",
};

/// The values of figure 7, whose passphrase is `qwerty`.
pub(super) const FIGURE_7: Figure = Figure {
    head: "<EncryptionKey><xenc11:DerivedKey><xenc11:KeyDerivationMethod \
           Algorithm='http://www.rsasecurity.com/rsalabs/pkcs/schemas/pkcs-5v2-0#pbkdf2'><pkcs5:PBKDF2-params>\
           <Salt><Specified>Ej7/PEpyEpw=</Specified></Salt><IterationCount>1000</IterationCount>\
           <KeyLength>16</KeyLength><PRF/></pkcs5:PBKDF2-params></xenc11:KeyDerivationMethod>\
           <xenc11:MasterKeyName>My Password 1</xenc11:MasterKeyName></xenc11:DerivedKey></EncryptionKey>",
    mac_key: "2GTTnLwM3I4e5IO5FkufoOEiOhNj91fhKRQBtBJYluUDsPOLTfUvoU2dStyOwYZx",
    value: "oTvo+S22nsmS2Z/RtcoF8Hfh+jzMe0RkiafpoDpnoZTjPYZu6V+A4aEn032yCr4f",
    mac: "LP6xMvjtypbfT9PdkJhBZ+D6O4w=",
};

/// What stands in one of the figures.
pub(super) struct Figure {
    head: &'static str,
    mac_key: &'static str,
    value: &'static str,
    mac: &'static str,
}

impl Figure {
    pub(super) fn text(&self) -> String {
        let Self { head, mac_key, value, mac } = self;
        encrypted(head, AES128, HMAC_SHA1, mac_key, value, mac)
    }
}

/// A container that the test encrypts.
pub(super) struct Sealed {
    cipher: &'static str,
    mac_method: &'static str,
    mac_key: String,
    value: String,
    mac: String,
}

impl Sealed {
    pub(super) fn new(
        key: &[u8],
        cipher: &'static str,
        (mac_method, algorithm): (&'static str, ring::hmac::Algorithm),
        mac_key: &[u8],
        secret: &[u8],
    ) -> Self {
        let value = encrypt(key, secret);
        let tag = ring::hmac::sign(&ring::hmac::Key::new(algorithm, mac_key), &value);
        Self {
            cipher,
            mac_method,
            mac_key: STANDARD.encode(encrypt(key, mac_key)),
            value: STANDARD.encode(&value),
            mac: STANDARD.encode(tag),
        }
    }

    pub(super) fn text(&self) -> String {
        let Self { cipher, mac_method, mac_key, value, mac } = self;
        encrypted(HEAD, cipher, mac_method, mac_key, value, mac)
    }
}

fn encrypt(key: &[u8], plain: &[u8]) -> Vec<u8> {
    let iv = [0x1b; 16];
    let sealed = match key.len() {
        16 => cbc::Encryptor::<aes::Aes128>::new_from_slices(key, &iv)
            .unwrap()
            .encrypt_padded_vec::<Pkcs7>(plain),
        24 => cbc::Encryptor::<aes::Aes192>::new_from_slices(key, &iv)
            .unwrap()
            .encrypt_padded_vec::<Pkcs7>(plain),
        _ => cbc::Encryptor::<aes::Aes256>::new_from_slices(key, &iv)
            .unwrap()
            .encrypt_padded_vec::<Pkcs7>(plain),
    };
    [iv.as_slice(), &sealed].concat()
}

fn encrypted(head: &str, cipher: &str, mac_method: &str, mac_key: &str, value: &str, mac: &str) -> String {
    let data = |value: &str| {
        format!(
            "<xenc:EncryptionMethod Algorithm='http://www.w3.org/2001/04/xmlenc#{cipher}'/><xenc:CipherData>\
             <xenc:CipherValue>\n   {value}\n  </xenc:CipherValue></xenc:CipherData>"
        )
    };
    let head =
        format!("{head}<MACMethod Algorithm='{mac_method}'><MACKey>{}</MACKey></MACMethod>", data(mac_key));
    let secret = format!("<EncryptedValue>{}</EncryptedValue><ValueMAC>{mac}</ValueMAC>", data(value));
    container(&head, &key("987654321", "hotp", 8, &secret, "", ""))
}

/// A container with what stands before its keys, and these.
pub(super) fn container(head: &str, keys: &str) -> String {
    format!(
        "<KeyContainer Version='1.0' xmlns='urn:ietf:params:xml:ns:keyprov:pskc' \
         xmlns:ds='http://www.w3.org/2000/09/xmldsig#' xmlns:xenc='http://www.w3.org/2001/04/xmlenc#' \
         xmlns:xenc11='http://www.w3.org/2009/xmlenc11#' \
         xmlns:pkcs5='http://www.rsasecurity.com/rsalabs/pkcs/schemas/pkcs-5v2-0#'>{head}{}</KeyContainer>",
        if keys.starts_with("<Key ") { format!("<KeyPackage>{keys}</KeyPackage>") } else { keys.to_owned() }
    )
}

/// A package with one key.
pub(super) fn key(
    serial: &str,
    algorithm: &str,
    digits: u8,
    secret: &str,
    data: &str,
    policy: &str,
) -> String {
    let secret = if secret.is_empty() { String::new() } else { format!("<Secret>{secret}</Secret>") };
    format!(
        "<KeyPackage><DeviceInfo><Manufacturer>Manufacturer</Manufacturer><SerialNo>{serial}</SerialNo></DeviceInfo>\
         <Key Id='12345678' Algorithm='urn:ietf:params:xml:ns:keyprov:pskc:{algorithm}'>\
         <AlgorithmParameters><ResponseFormat Length='{digits}' Encoding='DECIMAL'/></AlgorithmParameters>\
         <Data>{secret}{data}</Data>{policy}</Key></KeyPackage>"
    )
}

/// A secret that is not encrypted.
pub(super) fn plain(secret: &[u8]) -> String {
    format!("<PlainValue>\n  {}\n </PlainValue>", STANDARD.encode(secret))
}
