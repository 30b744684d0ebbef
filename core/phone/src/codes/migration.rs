//! Google Authenticator's export: `otpauth-migration://offline?data=` with base64 of a Protocol Buffers message.
//!
//! The format is not published by its maker; these are the fields that its exports have:
//!
//! ```text
//! payload:  1 code (repeated)  2 version  3 batch size  4 batch index (from 0)  5 batch id
//! code:     1 secret  2 name  3 issuer  4 hash (1 SHA1, 2 SHA256, 3 SHA512, 4 MD5)
//!           5 digits (1 six, 2 eight, 3 seven)  6 type (1 hotp, 2 totp)  7 counter
//! ```
//!
//! A hash or number of digits that is not said is SHA1 or six; the period is always 30 seconds.

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use zeroize::Zeroizing;

use super::error::CodeTextError;
use super::import::{Import, NewCode, Part, Skipped};
use super::row::{Algorithm, CodeKind, CodeName, Digits, Period};
use super::secret::CodeSecret;
use super::uri::{Plus, names, percent_decode};
use super::wire::{Fields, Value, WireError};

/// Parts that one export may have: more than the 1,000 codes of a phone need.
const MAX_PARTS: u32 = 1000;

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

impl From<WireError> for CodeTextError {
    fn from(_: WireError) -> Self {
        Self::Export
    }
}

/// Reads what follows `otpauth-migration://`.
pub(super) fn parse(rest: &str) -> Result<Import, CodeTextError> {
    let (host, query) = rest.split_once('?').ok_or(CodeTextError::NotACode)?;
    if !host.trim_end_matches('/').eq_ignore_ascii_case("offline") {
        return Err(CodeTextError::NotACode);
    }
    let mut data = query.split('&').filter_map(|pair| pair.strip_prefix("data="));
    let text = data.next().ok_or(CodeTextError::NotACode)?;
    if data.next().is_some() {
        return Err(CodeTextError::Twice("data"));
    }
    payload(&decode(text)?)
}

/// Base64, percent-encoded. A `+` that a form has taken for a space is one all the same.
fn decode(text: &str) -> Result<Zeroizing<Vec<u8>>, CodeTextError> {
    let text = percent_decode(text, Plus::Literal)?;
    let standard = |c| match c {
        b' ' | b'-' => b'+',
        b'_' => b'/',
        other => other,
    };
    let text: Zeroizing<Vec<u8>> = Zeroizing::new(text.bytes().map(standard).collect());
    BASE64.decode(&*text).map(Zeroizing::new).map_err(|_| CodeTextError::Export)
}

fn payload(message: &[u8]) -> Result<Import, CodeTextError> {
    let mut import = Import { codes: Vec::new(), skipped: Vec::new(), part: None };
    let (mut version, mut size, mut index, mut batch) = (0, 0, 0, 0);
    for field in Fields::of(message) {
        match field? {
            (1, Value::Bytes(code)) => match RawCode::read(code)?.code() {
                Ok(code) => import.codes.push(code),
                Err(skipped) => import.skipped.push(skipped),
            },
            (2, Value::Varint(value)) => version = value,
            (3, Value::Varint(value)) => size = value,
            (4, Value::Varint(value)) => index = value,
            // An int32: a negative one comes as 64 bits.
            (5, Value::Varint(value)) => batch = value,
            (1..=5, _) => return Err(CodeTextError::Export),
            _ => {}
        }
    }
    if version > 2 {
        return Err(CodeTextError::ExportVersion);
    }
    if import.codes.is_empty() {
        let only = import.skipped.first().map(|skipped| skipped.why);
        let one = import.skipped.len() == 1;
        return Err(only.filter(|_| one).unwrap_or(CodeTextError::ExportEmpty));
    }
    import.part = part(size, index, batch)?;
    Ok(import)
}

fn part(size: u64, index: u64, batch: u64) -> Result<Option<Part>, CodeTextError> {
    let of = u32::try_from(size).ok().filter(|of| *of <= MAX_PARTS).ok_or(CodeTextError::Export)?;
    if of < 2 {
        return Ok(None);
    }
    let index = u32::try_from(index).ok().filter(|index| *index < of).ok_or(CodeTextError::Export)?;
    let [.., a, b, c, d] = batch.to_be_bytes();
    Ok(Some(Part { number: index + 1, of, batch: i32::from_be_bytes([a, b, c, d]) }))
}

/// The fields of one code as they stand there.
#[derive(Default)]
struct RawCode<'a> {
    secret: &'a [u8],
    name: &'a [u8],
    issuer: &'a [u8],
    algorithm: u64,
    digits: u64,
    kind: u64,
    counter: u64,
}

impl<'a> RawCode<'a> {
    fn read(message: &'a [u8]) -> Result<Self, CodeTextError> {
        let mut raw = Self::default();
        for field in Fields::of(message) {
            match field? {
                (1, Value::Bytes(value)) => raw.secret = value,
                (2, Value::Bytes(value)) => raw.name = value,
                (3, Value::Bytes(value)) => raw.issuer = value,
                (4, Value::Varint(value)) => raw.algorithm = value,
                (5, Value::Varint(value)) => raw.digits = value,
                (6, Value::Varint(value)) => raw.kind = value,
                (7, Value::Varint(value)) => raw.counter = value,
                (1..=7, _) => return Err(CodeTextError::Export),
                _ => {}
            }
        }
        Ok(raw)
    }

    fn code(&self) -> Result<NewCode, Skipped> {
        self.read_code().map_err(|why| {
            let name = std::str::from_utf8(self.name).ok().and_then(|name| CodeName::new(name).ok());
            Skipped { name: name.unwrap_or_default().into(), why }
        })
    }

    fn read_code(&self) -> Result<NewCode, CodeTextError> {
        let text = |bytes| std::str::from_utf8(bytes).map_err(|_| CodeTextError::Export);
        let issuer = Some(text(self.issuer)?.trim()).filter(|issuer| !issuer.is_empty());
        let (issuer, account) = names(text(self.name)?, issuer);
        let (issuer, account) = CodeName::pair(issuer, account)?;
        let secret = CodeSecret::new(Zeroizing::new(self.secret.to_vec()))?;
        let algorithm = match self.algorithm {
            0 | 1 => Algorithm::Sha1,
            2 => Algorithm::Sha256,
            3 => Algorithm::Sha512,
            _ => return Err(CodeTextError::Algorithm),
        };
        let digits = Digits::new(match self.digits {
            0 | 1 => 6,
            2 => 8,
            3 => 7,
            _ => return Err(CodeTextError::Digits),
        })?;
        let kind = match self.kind {
            1 => {
                // An int64: what is negative there is no counter.
                let counter = i64::try_from(self.counter).map_err(|_| CodeTextError::Counter)?;
                CodeKind::Hotp { counter: counter.unsigned_abs() }
            }
            2 => CodeKind::Totp { period: Period::STANDARD },
            _ => return Err(CodeTextError::Kind),
        };
        Ok(NewCode { issuer, account, secret, algorithm, digits, kind })
    }
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::STANDARD as WRITER;
    use proptest::prelude::*;

    use super::*;

    const HELLO: &[u8] = b"Hello!\xde\xad\xbe\xef";

    fn number(field: u8, mut value: u64) -> Vec<u8> {
        let mut out = vec![field << 3];
        while value >= 0x80 {
            out.push(u8::try_from(value & 0x7f).unwrap() | 0x80);
            value >>= 7;
        }
        out.push(u8::try_from(value).unwrap());
        out
    }

    fn bytes(field: u8, value: &[u8]) -> Vec<u8> {
        let mut out = number(field, u64::try_from(value.len()).unwrap());
        out[0] |= 2;
        out.extend(value);
        out
    }

    fn code(name: &str, issuer: &str, numbers: [u64; 4]) -> Vec<u8> {
        let mut out = [bytes(1, HELLO), bytes(2, name.as_bytes()), bytes(3, issuer.as_bytes())].concat();
        (4..).zip(numbers).for_each(|(field, value)| out.extend(number(field, value)));
        bytes(1, &out)
    }

    fn text(payload: &[u8]) -> String {
        let base64 = WRITER.encode(payload).replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
        format!("otpauth-migration://offline?data={base64}")
    }

    fn read(payload: &[u8]) -> Result<Import, CodeTextError> {
        Import::parse(&text(payload))
    }

    #[test]
    fn an_export_as_the_application_writes_it_is_read() {
        let import = Import::parse(
            "otpauth-migration://offline?data=CjEKCkhlbGxvId6tvu8SGEV4YW1wbGU6YWxpY2VAZ29vZ2xlLmNvbRoHRXhhbXBsZTAC",
        )
        .unwrap();
        let [code] = &import.codes[..] else { panic!("{import:?}") };
        assert_eq!((code.issuer(), code.account()), ("Example", "alice@google.com"));
        assert_eq!(code.secret.expose(), HELLO);
        assert_eq!((code.algorithm(), code.digits()), (Algorithm::Sha1, Digits::SIX));
        assert_eq!(code.kind(), CodeKind::Totp { period: Period::STANDARD });
        assert_eq!((&import.skipped[..], import.part), (&[][..], None));
    }

    #[test]
    fn one_text_holds_several_codes_of_every_kind() {
        let payload = [
            code("alice", "One", [1, 1, 2, 0]),
            code("Two: bob", "Two", [2, 2, 2, 0]),
            code("Three:carol", "", [3, 3, 1, 41]),
            number(2, 1),
        ]
        .concat();
        let import = read(&payload).unwrap();
        let seen: Vec<_> =
            import.codes.iter().map(|c| (c.issuer(), c.account(), c.digits().count())).collect();
        assert_eq!(seen, [("One", "alice", 6), ("Two", "bob", 8), ("Three", "carol", 7)]);
        let hashes: Vec<_> = import.codes.iter().map(NewCode::algorithm).collect();
        assert_eq!(hashes, [Algorithm::Sha1, Algorithm::Sha256, Algorithm::Sha512]);
        assert_eq!(import.codes[2].kind(), CodeKind::Hotp { counter: 41 });
    }

    #[test]
    fn a_part_says_which_it_is() {
        let part = |size, index| {
            let negative =
                [number(2, 1), number(3, size), number(4, index), number(5, (-7_i64).cast_unsigned())];
            read(&[code("a", "b", [1, 1, 2, 0]), negative.concat()].concat()).map(|import| import.part)
        };
        assert_eq!(part(3, 1), Ok(Some(Part { number: 2, of: 3, batch: -7 })));
        assert_eq!(part(1, 0), Ok(None));
        for (size, index) in [(3, 3), (1001, 0), (u64::MAX, 0)] {
            assert_eq!(part(size, index), Err(CodeTextError::Export), "{index} of {size}");
        }
    }

    #[test]
    fn a_code_that_cannot_be_shown_does_not_hold_up_the_others() {
        let odd = [
            code("md5", "x", [4, 1, 2, 0]),
            code("nine", "x", [1, 9, 2, 0]),
            code("kind", "x", [1, 1, 0, 0]),
            code("back", "x", [1, 1, 1, u64::MAX]),
            code("\u{202e}", "x", [1, 1, 2, 0]),
        ];
        let import = read(&[&odd.concat()[..], &code("good", "x", [1, 1, 2, 0])].concat()).unwrap();
        assert_eq!(import.codes.len(), 1);
        let why: Vec<_> = import.skipped.iter().map(|skipped| (skipped.name.as_str(), skipped.why)).collect();
        let misleading = CodeTextError::Name(nod_protocol::text::TextError::Misleading);
        assert_eq!(
            why,
            [
                ("md5", CodeTextError::Algorithm),
                ("nine", CodeTextError::Digits),
                ("kind", CodeTextError::Kind),
                ("back", CodeTextError::Counter),
                ("", misleading)
            ]
        );
        assert_eq!(read(&odd[0]).err(), Some(CodeTextError::Algorithm));
        assert_eq!(read(&odd.concat()).err(), Some(CodeTextError::ExportEmpty));
    }

    #[test]
    fn what_is_no_export_is_refused() {
        use CodeTextError as E;
        for (text, error) in [
            ("otpauth-migration://offline", E::NotACode),
            ("otpauth-migration://online?data=AA", E::NotACode),
            ("otpauth-migration://offline?date=AA", E::NotACode),
            ("otpauth-migration://offline?data=&data=", E::Twice("data")),
            ("otpauth-migration://offline?data=", E::ExportEmpty),
            ("otpauth-migration://offline?data=!", E::Export),
            ("otpauth-migration://offline?data=%4", E::Encoding),
            ("otpauth-migration://offline?data=CjEK", E::Export),
        ] {
            assert_eq!(Import::parse(text).err(), Some(error), "{text}");
        }
        let good = code("a", "b", [1, 1, 2, 0]);
        assert_eq!(read(&[&good[..], &number(2, 3)].concat()).err(), Some(E::ExportVersion));
        assert_eq!(read(&[&good[..], &bytes(3, b"x")].concat()).err(), Some(E::Export));
    }

    #[test]
    fn base64_is_read_however_it_was_carried() {
        let payload =
            [&code("a", "b", [1, 1, 2, 0])[..], &bytes(15, &[0xfb, 0xff, 0xfe, 0xfb, 0xef, 0xbe, 1])]
                .concat();
        let base64 = WRITER.encode(&payload);
        assert!(base64.contains('+') && base64.contains('/'), "{base64}");
        for carried in [
            base64.clone(),
            base64.replace('+', " "),
            base64.replace('+', "-").replace('/', "_"),
            base64.trim_end_matches('=').to_owned(),
        ] {
            let import = Import::parse(&format!("otpauth-migration://offline?data={carried}")).unwrap();
            assert_eq!(import.codes.len(), 1, "{carried}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(400))]

        #[test]
        fn any_message_is_read_or_refused(message in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = payload(&message);
            let _ = payload(&bytes(1, &message));
            let _ = Import::parse(&text(&message));
        }

        #[test]
        fn an_altered_export_is_read_or_refused(at: prop::sample::Index, byte: u8) {
            let mut payload = [code("alice", "One", [1, 1, 2, 0]), code("bob", "Two", [2, 2, 1, 9])].concat();
            let at = at.index(payload.len());
            payload[at] = byte;
            let _ = read(&payload);
            payload.truncate(at);
            let _ = read(&payload);
        }

        #[test]
        fn what_is_written_reads_the_same(
            issuer in "[a-zA-Z0-9 å銀]{1,30}x",
            account in "[a-zA-Z0-9 å銀@.]{0,30}x",
            hash in 1u64..=3, digits in 1u64..=3, counter in 0..u64::MAX / 2,
        ) {
            let import = read(&code(&account, &issuer, [hash, digits, 1, counter])).unwrap();
            let code = &import.codes[0];
            prop_assert_eq!((code.issuer(), code.account()), (issuer.trim(), account.trim()));
            prop_assert_eq!(code.kind(), CodeKind::Hotp { counter });
        }
    }
}
