//! Opening encrypted values (RFC 6030 section 6): AES-CBC under a pre-shared key or one derived from a passphrase. A
//! value's MAC is checked before it is opened.

use aes::{Aes128, Aes192, Aes256};
use cbc::Decryptor;
use cbc::cipher::block_padding::NoPadding;
use cbc::cipher::{BlockModeDecrypt, KeyIvInit};
use ring::{hmac, pbkdf2};
use roxmltree::Node;
use zeroize::Zeroizing;

use super::{child, named, value};
use crate::fobs::{FileError, Unlock, secret, shown};

/// The namespaces of XML encryption and of its version 1.1.
const XENC: &str = "http://www.w3.org/2001/04/xmlenc#";
const XENC11: &str = "http://www.w3.org/2009/xmlenc11#";
/// The names of PBKDF2 (RFC 6030 section 6.2; XML Encryption 1.1 section 5.4.2).
const PBKDF2: [&str; 2] = [
    "http://www.rsasecurity.com/rsalabs/pkcs/schemas/pkcs-5v2-0#pbkdf2",
    "http://www.w3.org/2009/xmlenc11#pbkdf2",
];
/// The most rounds of PBKDF2: a file cannot keep the program busy for ever.
const MAX_ROUNDS: u32 = 10_000_000;
/// The length of a block, and of the initialisation vector that a value begins with, in bytes.
const BLOCK: usize = 16;

/// What opens the values of one file.
pub(super) struct Opener {
    key: Zeroizing<Vec<u8>>,
    mac: hmac::Key,
}

impl Opener {
    /// Takes the key that the container says (section 6.1 or 6.2), and with it the one for the MACs (section 6.1.1);
    /// where none is named for these, they are made with the same.
    ///
    /// # Errors
    /// [`FileError`] when a key is missing, does not fit, or is to be used in a way that is not known.
    pub(super) fn new(root: Node<'_, '_>, unlock: &Unlock) -> Result<Self, FileError> {
        let key = encryption_key(root, unlock)?;
        let method =
            child(root, "MACMethod").ok_or_else(|| FileError::MacMethod("none is named".to_owned()))?;
        let algorithm = match method.attribute("Algorithm").map(str::trim) {
            Some("http://www.w3.org/2000/09/xmldsig#hmac-sha1") => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
            Some("http://www.w3.org/2001/04/xmldsig-more#hmac-sha256") => hmac::HMAC_SHA256,
            Some("http://www.w3.org/2001/04/xmldsig-more#hmac-sha384") => hmac::HMAC_SHA384,
            Some("http://www.w3.org/2001/04/xmldsig-more#hmac-sha512") => hmac::HMAC_SHA512,
            _ => return Err(FileError::MacMethod(named(method, "Algorithm"))),
        };
        if child(method, "MACKeyReference").is_some() {
            return Err(FileError::MacMethod("its key is elsewhere".to_owned()));
        }
        let mac = match child(method, "MACKey") {
            Some(sealed) => {
                let opened = Encrypted::read(sealed)?.open(&key)?;
                opened.filter(|key| !key.is_empty()).ok_or(FileError::MacKey)?
            }
            None => key.clone(),
        };
        Ok(Self { mac: hmac::Key::new(algorithm, &mac), key })
    }

    /// Opens the value of the key `serial`.
    ///
    /// # Errors
    /// [`FileError`] unless `mac` fits: then nothing of the file is to be used.
    pub(super) fn open(
        &self,
        sealed: Node<'_, '_>,
        mac: Option<&str>,
        serial: &str,
    ) -> Result<Zeroizing<Vec<u8>>, FileError> {
        let encrypted = Encrypted::read(sealed)?;
        let mac = mac.ok_or_else(|| FileError::NoMac(serial.to_owned()))?;
        let wrong = || FileError::Mac(serial.to_owned());
        let mac = secret::base64(mac).ok_or_else(wrong)?;
        // The MAC is over the initialisation vector and what follows it.
        hmac::verify(&self.mac, &encrypted.bytes, &mac).map_err(|_| wrong())?;
        encrypted.open(&self.key)?.ok_or_else(|| FileError::Sealed(serial.to_owned()))
    }
}

/// The key that encrypts the values.
fn encryption_key(root: Node<'_, '_>, unlock: &Unlock) -> Result<Zeroizing<Vec<u8>>, FileError> {
    let said =
        child(root, "EncryptionKey").ok_or_else(|| FileError::Encryption("no key is named".to_owned()))?;
    if let Some(derived) = said.children().find(|node| node.has_tag_name((XENC11, "DerivedKey"))) {
        let Unlock::Passphrase(passphrase) = unlock else { return Err(FileError::NeedsPassphrase) };
        return derive(derived, passphrase);
    }
    if let Some(other) = said.children().find(|node| node.is_element() && node.tag_name().name() != "KeyName")
    {
        return Err(FileError::Encryption(shown(other.tag_name().name())));
    }
    match unlock {
        Unlock::Key(key) => Ok(key.clone()),
        Unlock::Nothing | Unlock::Passphrase(_) => Err(FileError::NeedsKey),
    }
}

/// PBKDF2 (RFC 8018 section 5.2) with what the file says: salt, rounds, length and hash.
fn derive(derived: Node<'_, '_>, passphrase: &str) -> Result<Zeroizing<Vec<u8>>, FileError> {
    let method = derived
        .children()
        .find(|node| node.has_tag_name((XENC11, "KeyDerivationMethod")))
        .ok_or(FileError::Derivation("no method is named"))?;
    if !method.attribute("Algorithm").is_some_and(|name| PBKDF2.contains(&name.trim())) {
        return Err(FileError::Derivation("only PBKDF2 is"));
    }
    // Its parameters' names stand in another namespace in RFC 6030 than in XML Encryption 1.1.
    let parameter = |name: &str| method.descendants().find(|node| node.tag_name().name() == name);
    let number = |name: &str| parameter(name).and_then(|node| value(node)?.parse::<u32>().ok());
    let prf = parameter("PRF").and_then(|node| node.attribute("Algorithm")).map(str::trim);
    let hash = match prf {
        None | Some("http://www.w3.org/2000/09/xmldsig#hmac-sha1") => pbkdf2::PBKDF2_HMAC_SHA1,
        Some("http://www.w3.org/2001/04/xmldsig-more#hmac-sha256") => pbkdf2::PBKDF2_HMAC_SHA256,
        Some("http://www.w3.org/2001/04/xmldsig-more#hmac-sha384") => pbkdf2::PBKDF2_HMAC_SHA384,
        Some("http://www.w3.org/2001/04/xmldsig-more#hmac-sha512") => pbkdf2::PBKDF2_HMAC_SHA512,
        Some(_) => return Err(FileError::Derivation("its hash is not known")),
    };
    let salt = parameter("Specified").and_then(|node| secret::base64(value(node)?));
    let salt = salt.ok_or(FileError::Derivation("there is no salt"))?;
    let rounds = number("IterationCount")
        .filter(|rounds| *rounds <= MAX_ROUNDS)
        .and_then(std::num::NonZeroU32::new)
        .ok_or(FileError::Derivation("its rounds are none, or more than ten million"))?;
    let length = number("KeyLength").and_then(|length| usize::try_from(length).ok());
    let length = length
        .filter(|length| [16, 24, 32].contains(length))
        .ok_or(FileError::Derivation("its key's length"))?;
    let mut key = Zeroizing::new(vec![0; length]);
    pbkdf2::derive(hash, rounds, &salt, passphrase.as_bytes(), &mut key);
    Ok(key)
}

/// The ciphers of RFC 6030 section 6.1 that are read.
#[derive(Debug, Clone, Copy)]
enum Cipher {
    Aes128,
    Aes192,
    Aes256,
}

/// An encrypted value (XML Encryption section 3.1): the initialisation vector, and what follows it.
struct Encrypted {
    cipher: Cipher,
    bytes: Zeroizing<Vec<u8>>,
}

impl Encrypted {
    fn read(node: Node<'_, '_>) -> Result<Self, FileError> {
        let part = |node: Node<'_, '_>, name: &str| {
            node.children().find(|node| node.has_tag_name((XENC, name))).map(|node| node.id())
        };
        let document = node.document();
        let child = |node: Node<'_, '_>, name: &str| part(node, name).and_then(|id| document.get_node(id));
        let broken = || FileError::Encryption("a value is incomplete".to_owned());
        let method = child(node, "EncryptionMethod").ok_or_else(broken)?;
        let cipher = match method.attribute("Algorithm").and_then(|name| name.trim().strip_prefix(XENC)) {
            Some("aes128-cbc") => Cipher::Aes128,
            Some("aes192-cbc") => Cipher::Aes192,
            Some("aes256-cbc") => Cipher::Aes256,
            _ => return Err(FileError::Encryption(named(method, "Algorithm"))),
        };
        let text =
            child(node, "CipherData").and_then(|data| child(data, "CipherValue")).ok_or_else(broken)?;
        let bytes = value(text).and_then(secret::base64).ok_or_else(broken)?;
        Ok(Self { cipher, bytes })
    }

    /// Decrypts; `None` when the padding does not fit (XML Encryption section 5.2: only its last byte counts).
    ///
    /// # Errors
    /// [`FileError::KeyLength`] for a key of another cipher.
    fn open(&self, key: &[u8]) -> Result<Option<Zeroizing<Vec<u8>>>, FileError> {
        let Some((iv, sealed)) = self.bytes.split_at_checked(BLOCK) else { return Ok(None) };
        let mut plain = Zeroizing::new(sealed.to_vec());
        let whole = match self.cipher {
            Cipher::Aes128 => decrypt::<Decryptor<Aes128>>(key, iv, &mut plain)?,
            Cipher::Aes192 => decrypt::<Decryptor<Aes192>>(key, iv, &mut plain)?,
            Cipher::Aes256 => decrypt::<Decryptor<Aes256>>(key, iv, &mut plain)?,
        };
        let padding = plain.last().map_or(0, |last| usize::from(*last));
        let length = plain.len().checked_sub(padding).filter(|_| whole && (1..=BLOCK).contains(&padding));
        Ok(length.map(|length| {
            plain.truncate(length);
            plain
        }))
    }
}

/// Decrypts in place; false when these are no whole blocks.
fn decrypt<D: BlockModeDecrypt + KeyIvInit>(
    key: &[u8],
    iv: &[u8],
    data: &mut [u8],
) -> Result<bool, FileError> {
    let mode = D::new_from_slices(key, iv).map_err(|_| FileError::KeyLength)?;
    Ok(mode.decrypt_padded::<NoPadding>(data).is_ok())
}
