//! Key fobs in a Portable Symmetric Key Container (RFC 6030): plain, or encrypted as its section 6 says. Public-key
//! encryption (section 6.3) and signatures (section 8) are not read.

mod cipher;
mod policy;

use nod_login::UnixMillis;
use nod_protocol::otp::Algorithm;
use roxmltree::{Document, Node, ParsingOptions};
use zeroize::Zeroizing;

use super::{Draft, FileError, Moving, Reason, Taken, Unlock, hash, secret};
use cipher::Opener;

/// The namespace of the container (RFC 6030 section 12.3).
const PSKC: &str = "urn:ietf:params:xml:ns:keyprov:pskc";
/// The key algorithms of one-time passwords (RFC 6030 section 10).
const HOTP: &str = "urn:ietf:params:xml:ns:keyprov:pskc:hotp";
const TOTP: &str = "urn:ietf:params:xml:ns:keyprov:pskc:totp";
/// The most parts of a file: elements, texts and comments.
const MAX_NODES: u32 = 4_000_000;

/// Reads every key of a container.
///
/// # Errors
/// [`FileError`] when no key may be imported.
pub(super) fn read(text: &str, unlock: &Unlock, now: UnixMillis, taken: &mut Taken) -> Result<(), FileError> {
    // Without document types there are no entities to expand.
    let options = ParsingOptions { allow_dtd: false, nodes_limit: MAX_NODES, ..ParsingOptions::default() };
    let document = Document::parse_with_options(text, options).map_err(|error| not_xml(&error))?;
    let root = document.root_element();
    let version = root.attribute("Version").unwrap_or_default();
    if !is(root, "KeyContainer") || !(version == "1" || version.starts_with("1.")) {
        return Err(FileError::NotPskc);
    }
    let sealed = root.descendants().any(|node| is(node, "EncryptedValue"));
    let opener = if sealed { Some(Opener::new(root, unlock)?) } else { None };
    let keys = root.children().filter(|node| is(*node, "KeyPackage")).flat_map(|package| {
        let device = child(package, "DeviceInfo");
        package.children().filter(|node| is(*node, "Key")).map(move |key| (device, key))
    });
    for (place, (device, key)) in (1..).zip(keys) {
        let key = Key { key, device, opener: opener.as_ref() };
        // A key without a device's serial number is known by its own id (sections 4.2 and 4.3.1).
        let serial = key.of_device("SerialNo").or_else(|| key.key.attribute("Id").map(str::trim));
        let draft = match key.draft(serial, now) {
            Ok(draft) => Ok(draft),
            Err(Wrong::Key(reason)) => Err(reason),
            Err(Wrong::File(error)) => return Err(error),
        };
        taken.take(place, serial, draft)?;
    }
    Ok(())
}

fn not_xml(error: &roxmltree::Error) -> FileError {
    // Other messages may quote the file, and so a secret.
    let what = if matches!(error, roxmltree::Error::DtdDetected) {
        "a document type"
    } else if matches!(error, roxmltree::Error::NodesLimitReached) {
        "too many parts"
    } else {
        "it does not hold together"
    };
    FileError::Xml { line: error.pos().row, what }
}

/// Why a key is not taken.
enum Wrong {
    /// Only this one.
    Key(Reason),
    /// Nothing of the file.
    File(FileError),
}

impl From<Reason> for Wrong {
    fn from(reason: Reason) -> Self {
        Self::Key(reason)
    }
}

/// One key, its device, and what opens its secret.
struct Key<'a, 'input> {
    key: Node<'a, 'input>,
    device: Option<Node<'a, 'input>>,
    opener: Option<&'a Opener>,
}

impl<'a> Key<'a, '_> {
    fn of_device(&self, name: &str) -> Option<&'a str> {
        self.device.and_then(|device| child(device, name)).and_then(|node| value(node))
    }

    fn draft(&self, serial: Option<&'a str>, now: UnixMillis) -> Result<Draft<'a>, Wrong> {
        let counts = match self.key.attribute("Algorithm") {
            Some(HOTP) => true,
            Some(TOTP) => false,
            _ => return Err(Reason::KeyAlgorithm.into()),
        };
        let serial = serial.ok_or(Reason::Serial)?;
        if let Some(policy) = child(self.key, "Policy") {
            policy::check(policy, now)?;
        }
        let (digits, algorithm) = self.parameters()?;
        let data = child(self.key, "Data").ok_or(Reason::NoSecret)?;
        let moving = if counts {
            Moving::Counter { next: number(data, "Counter", 0, Reason::Counter)? }
        } else {
            let seconds = number(data, "TimeInterval", 30, Reason::Period)?;
            Moving::Time { period_s: u32::try_from(seconds).map_err(|_| Reason::Period)? }
        };
        let maker = [self.of_device("Manufacturer"), self.of_device("Model")];
        Ok(Draft {
            serial,
            model: maker.into_iter().flatten().collect::<Vec<_>>().join(" "),
            secret: self.secret(child(data, "Secret").ok_or(Reason::NoSecret)?, serial)?,
            algorithm,
            digits,
            moving,
        })
    }

    /// Digits and hash (section 4.3.4). What a fob is asked (`ChallengeFormat`) does not matter here.
    fn parameters(&self) -> Result<(u64, Algorithm), Reason> {
        let Some(parameters) = child(self.key, "AlgorithmParameters") else {
            return Ok((6, Algorithm::Sha1));
        };
        let algorithm = match child(parameters, "Suite").and_then(|node| value(node)) {
            Some(name) => hash(name).ok_or(Reason::Hash)?,
            None => Algorithm::Sha1,
        };
        let Some(format) = child(parameters, "ResponseFormat") else { return Ok((6, algorithm)) };
        let check = format.attribute("CheckDigits").map_or("", str::trim);
        if format.attribute("Encoding").map(str::trim) != Some("DECIMAL") || ["true", "1"].contains(&check) {
            return Err(Reason::Encoding);
        }
        let digits = format.attribute("Length").and_then(|text| text.trim().parse().ok());
        Ok((digits.ok_or(Reason::Digits)?, algorithm))
    }

    /// The secret (section 4.3.5): plain, or opened once its MAC was checked.
    fn secret(&self, node: Node<'a, '_>, serial: &str) -> Result<Zeroizing<Vec<u8>>, Wrong> {
        if let Some(sealed) = child(node, "EncryptedValue") {
            let opener = self.opener.ok_or(Wrong::File(FileError::NeedsKey))?;
            let mac = child(node, "ValueMAC").and_then(|node| value(node));
            return opener.open(sealed, mac, &super::shown(serial)).map_err(Wrong::File);
        }
        let text = child(node, "PlainValue").and_then(|node| value(node)).ok_or(Reason::NoSecret)?;
        Ok(secret::base64(text).ok_or(Reason::Base64)?)
    }
}

/// A number of a key's data, `or` where there is none (section 4.3.5).
fn number(data: Node<'_, '_>, name: &str, or: u64, reason: Reason) -> Result<u64, Reason> {
    let Some(node) = child(data, name) else { return Ok(or) };
    if child(node, "EncryptedValue").is_some() {
        return Err(Reason::Sealed);
    }
    child(node, "PlainValue").and_then(|node| value(node)?.parse().ok()).ok_or(reason)
}

/// Whether it is the container's element of this name.
fn is(node: Node<'_, '_>, name: &str) -> bool {
    node.has_tag_name((PSKC, name))
}

/// The container's element of this name in another.
fn child<'a, 'input>(node: Node<'a, 'input>, name: &str) -> Option<Node<'a, 'input>> {
    node.children().find(|node| is(*node, name))
}

/// The text of an element, without the white space around it.
fn value<'a>(node: Node<'a, '_>) -> Option<&'a str> {
    node.text().map(str::trim).filter(|text| !text.is_empty())
}

/// An attribute, for a message.
fn named(node: Node<'_, '_>, attribute: &str) -> String {
    super::shown(node.attribute(attribute).unwrap_or("none is named"))
}
