//! The text of one code: `otpauth://TYPE/LABEL?PARAMETERS`, the Key URI Format of Google and Yubico.
//!
//! Read with lenience where authenticators differ and without doubt where a wrong code would be shown: the type and the
//! parameters `algorithm`, `digits`, `period` and `counter` are understood or refused, and stand there once; parameters
//! that mean nothing here are passed over. Missing ones are SHA1, 6 digits, 30 seconds and counter 0.

use zeroize::Zeroizing;

use super::base32;
use super::error::CodeTextError;
use super::import::NewCode;
use super::row::{Algorithm, CodeKind, CodeName, Digits, Period};

#[derive(Default)]
struct Parameters {
    secret: Option<Zeroizing<String>>,
    issuer: Option<Zeroizing<String>>,
    algorithm: Option<Zeroizing<String>>,
    digits: Option<Zeroizing<String>>,
    period: Option<Zeroizing<String>>,
    counter: Option<Zeroizing<String>>,
}

/// Reads what follows `otpauth://`.
pub(super) fn parse(rest: &str) -> Result<NewCode, CodeTextError> {
    let rest = rest.split_once('#').map_or(rest, |(rest, _)| rest);
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (kind, label) = path.split_once('/').unwrap_or((path, ""));
    let timed = match kind {
        kind if kind.eq_ignore_ascii_case("totp") => true,
        kind if kind.eq_ignore_ascii_case("hotp") => false,
        _ => return Err(CodeTextError::Kind),
    };
    let parameters = Parameters::read(query)?;
    let label = percent_decode(label, Plus::Literal)?;
    let issuer = parameters.issuer.as_ref().map(|issuer| issuer.trim()).filter(|issuer| !issuer.is_empty());
    let (issuer, account) = names(&label, issuer);
    let (issuer, account) = CodeName::pair(issuer, account)?;
    let secret = base32::decode(&parameters.secret.ok_or(CodeTextError::NoSecret)?)?;
    let algorithm = parameters.algorithm.map_or(Ok(Algorithm::default()), |word| algorithm(&word))?;
    let digits = parameters
        .digits
        .map_or(Ok(Digits::SIX), |text| Digits::new(number(&text).ok_or(CodeTextError::Digits)?))?;
    let kind = if timed {
        let period = parameters
            .period
            .map_or(Ok(Period::STANDARD), |text| Period::new(number(&text).ok_or(CodeTextError::Period)?))?;
        CodeKind::Totp { period }
    } else {
        let counter = parameters.counter.map_or(Ok(0), |text| number(&text).ok_or(CodeTextError::Counter))?;
        CodeKind::Hotp { counter }
    };
    Ok(NewCode { issuer, account, secret, algorithm, digits, kind })
}

/// Issuer and account out of a label `issuer:account`. The parameter is the newer way to name the issuer and wins.
pub(super) fn names<'a>(label: &'a str, parameter: Option<&'a str>) -> (&'a str, &'a str) {
    let behind = |issuer: &str| label.strip_prefix(issuer)?.trim_start().strip_prefix(':');
    let (prefix, account) = match parameter.and_then(behind) {
        Some(account) => ("", account),
        None => label.split_once(':').unwrap_or(("", label)),
    };
    (parameter.unwrap_or(prefix), account)
}

impl Parameters {
    fn read(query: &str) -> Result<Self, CodeTextError> {
        let mut found = Self::default();
        for pair in query.split('&') {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let (name, place) = match name.to_ascii_lowercase().as_str() {
                "secret" => ("secret", &mut found.secret),
                "issuer" => ("issuer", &mut found.issuer),
                "algorithm" => ("algorithm", &mut found.algorithm),
                "digits" => ("digits", &mut found.digits),
                "period" => ("period", &mut found.period),
                "counter" => ("counter", &mut found.counter),
                _ => continue,
            };
            if place.replace(percent_decode(value, Plus::Space)?).is_some() {
                return Err(CodeTextError::Twice(name));
            }
        }
        Ok(found)
    }
}

fn algorithm(word: &str) -> Result<Algorithm, CodeTextError> {
    let word = word.to_ascii_uppercase().replace('-', "");
    match word.strip_prefix("HMAC").unwrap_or(&word) {
        "SHA1" => Ok(Algorithm::Sha1),
        "SHA256" => Ok(Algorithm::Sha256),
        "SHA512" => Ok(Algorithm::Sha512),
        _ => Err(CodeTextError::Algorithm),
    }
}

/// A number in decimal digits and nothing else.
fn number<T: std::str::FromStr>(text: &str) -> Option<T> {
    text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

/// What `+` stands for: itself in a path, and a space in a query that a form has written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Plus {
    Literal,
    Space,
}

/// Percent-decodes (RFC 3986 section 2.1) to UTF-8.
pub(super) fn percent_decode(text: &str, plus: Plus) -> Result<Zeroizing<String>, CodeTextError> {
    let mut out = Zeroizing::new(Vec::with_capacity(text.len()));
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        out.push(match byte {
            b'%' => {
                let mut digit = || char::from(bytes.next()?).to_digit(16);
                let (high, low) = digit().zip(digit()).ok_or(CodeTextError::Encoding)?;
                u8::try_from(high << 4 | low).map_err(|_| CodeTextError::Encoding)?
            }
            b'+' if plus == Plus::Space => b' ',
            other => other,
        });
    }
    match std::str::from_utf8(&out) {
        Ok(text) => Ok(Zeroizing::new(text.to_owned())),
        Err(_) => Err(CodeTextError::Encoding),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::import::Import;
    use super::*;
    use nod_protocol::otp::base32 as encode;

    fn read(text: &str) -> Result<NewCode, CodeTextError> {
        Import::parse_one(text)
    }

    fn names_of(text: &str) -> (String, String) {
        let code = read(text).unwrap();
        (code.issuer().to_owned(), code.account().to_owned())
    }

    /// The text of a code, with every character that is not a letter or digit encoded.
    fn write(code: &NewCode) -> String {
        let percent = |text: &str| {
            text.bytes().fold(String::new(), |out, b| match b {
                b if b.is_ascii_alphanumeric() => out + &char::from(b).to_string(),
                b => out + &format!("%{b:02x}"),
            })
        };
        let (kind, moving) = match code.kind {
            CodeKind::Totp { period } => ("totp", format!("period={}", period.seconds())),
            CodeKind::Hotp { counter } => ("hotp", format!("counter={counter}")),
        };
        format!(
            "otpauth://{kind}/{0}:{1}?secret={2}&issuer={0}&algorithm={3}&digits={4}&{moving}",
            percent(code.issuer()),
            percent(code.account()),
            encode(code.secret.expose()).as_str(),
            code.algorithm.word(),
            code.digits.count(),
        )
    }

    #[test]
    fn the_examples_of_the_key_uri_format_are_read() {
        let code = read(
            "otpauth://totp/ACME%20Co:john.doe@email.com?secret=HXDMVJECJJWSRB3HWIZR4IFUGFTMXBOZ&issuer=ACME%20Co&algorithm=SHA1&digits=6&period=30",
        )
        .unwrap();
        assert_eq!((code.issuer(), code.account()), ("ACME Co", "john.doe@email.com"));
        assert_eq!((code.algorithm(), code.digits()), (Algorithm::Sha1, Digits::SIX));
        assert_eq!(code.kind(), CodeKind::Totp { period: Period::STANDARD });
        let code = read("otpauth://hotp/Example:alice@google.com?secret=JBSWY3DPEHPK3PXP&counter=7&digits=8")
            .unwrap();
        assert_eq!(code.kind(), CodeKind::Hotp { counter: 7 });
        assert_eq!(code.digits().count(), 8);
        assert_eq!(code.secret.expose(), b"Hello!\xde\xad\xbe\xef");
    }

    #[test]
    fn what_is_not_said_is_the_usual() {
        let code = read("otpauth://totp/alice?secret=JBSWY3DP").unwrap();
        assert_eq!((code.issuer(), code.account()), ("", "alice"));
        assert_eq!((code.algorithm(), code.digits()), (Algorithm::Sha1, Digits::SIX));
        assert_eq!(code.kind(), CodeKind::Totp { period: Period::STANDARD });
        assert_eq!(read("otpauth://hotp/a?secret=MY").unwrap().kind(), CodeKind::Hotp { counter: 0 });
    }

    #[test]
    fn labels_are_read_in_every_form_that_is_in_use() {
        let pair = |issuer: &str, account: &str| (issuer.to_owned(), account.to_owned());
        let named = [
            ("Example:alice", "", pair("Example", "alice")),
            ("Example%3Aalice", "", pair("Example", "alice")),
            ("Example%3a%20%20alice", "", pair("Example", "alice")),
            ("Example:alice", "&issuer=Example", pair("Example", "alice")),
            ("Old%20name:alice", "&issuer=New+name", pair("New name", "alice")),
            ("A:B:alice", "&issuer=A:B", pair("A:B", "alice")),
            ("alice+work@mail.example", "&issuer=", pair("", "alice+work@mail.example")),
            ("", "&issuer=Only", pair("Only", "")),
            ("B%C3%A5nk:%C3%A9ve", "", pair("Bånk", "éve")),
        ];
        for (label, more, names) in named {
            assert_eq!(names_of(&format!("otpauth://totp/{label}?secret=MY{more}")), names, "{label}{more}");
        }
    }

    #[test]
    fn case_and_unknown_parameters_do_not_matter() {
        let code = read(
            " OTPAUTH://TOTP/x?Secret=mzxw%206ytb&image=https%3A%2F%2Fx&Algorithm=sha-512&PERIOD=86400&lock=true#tail\n",
        )
        .unwrap();
        assert_eq!((code.algorithm(), code.secret.expose()), (Algorithm::Sha512, &b"fooba"[..]));
        assert_eq!(code.kind(), CodeKind::Totp { period: Period::new(86_400).unwrap() });
        for word in ["SHA256", "hmacsha256", "HMAC-SHA-256", "HmacSHA256"] {
            let code = read(&format!("otpauth://totp/x?secret=MY&algorithm={word}")).unwrap();
            assert_eq!(code.algorithm(), Algorithm::Sha256, "{word}");
        }
    }

    #[test]
    fn each_mistake_has_its_own_name() {
        use CodeTextError as E;
        let cases = [
            ("https://example.com", E::NotACode),
            ("otpauth:/totp/x?secret=MY", E::NotACode),
            ("otpauth://yaotp/x?secret=MY", E::Kind),
            ("otpauth://totp", E::Unnamed),
            ("otpauth://totp/x", E::NoSecret),
            ("otpauth://totp/x?secret=", E::SecretLength),
            ("otpauth://totp/x?secret=M1", E::Secret),
            ("otpauth://totp/x?secret=MY&secret=MY", E::Twice("secret")),
            ("otpauth://totp/x?secret=MY&digits=6&Digits=8", E::Twice("digits")),
            ("otpauth://totp/x?secret=MY&algorithm=MD5", E::Algorithm),
            ("otpauth://totp/x?secret=MY&digits=5", E::Digits),
            ("otpauth://totp/x?secret=MY&digits=9", E::Digits),
            ("otpauth://totp/x?secret=MY&digits=+6", E::Digits),
            ("otpauth://totp/x?secret=MY&digits=262", E::Digits),
            ("otpauth://totp/x?secret=MY&period=0", E::Period),
            ("otpauth://totp/x?secret=MY&period=86401", E::Period),
            ("otpauth://totp/x?secret=MY&period=-30", E::Period),
            ("otpauth://hotp/x?secret=MY&counter=18446744073709551616", E::Counter),
            ("otpauth://hotp/x?secret=MY&counter=", E::Counter),
            ("otpauth://totp/%?secret=MY", E::Encoding),
            ("otpauth://totp/%f?secret=MY", E::Encoding),
            ("otpauth://totp/%g0?secret=MY", E::Encoding),
            ("otpauth://totp/%ff?secret=MY", E::Encoding),
            ("otpauth://totp/?secret=MY", E::Unnamed),
            ("otpauth://totp/a%00b?secret=MY", E::Name(nod_protocol::text::TextError::Misleading)),
            ("otpauth://totp/bank%E2%80%AE?secret=MY", E::Name(nod_protocol::text::TextError::Misleading)),
        ];
        for (text, error) in cases {
            assert_eq!(read(text).err(), Some(error), "{text}");
        }
        let long = format!("otpauth://totp/{}?secret=MY", "x".repeat(129));
        assert_eq!(read(&long).err(), Some(E::Name(nod_protocol::text::TextError::TooLong(128))));
        let longer = format!("otpauth://totp/x?secret=MY&image={}", "x".repeat(8192));
        assert_eq!(read(&longer).err(), Some(E::TooLong));
    }

    #[test]
    fn a_secret_is_not_printed() {
        let code = read("otpauth://totp/x?secret=JBSWY3DPEHPK3PXP").unwrap();
        assert!(format!("{code:?}").contains("CodeSecret(…)"), "{code:?}");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(400))]

        #[test]
        fn any_text_is_read_or_refused(text in ".{0,200}") {
            let _ = Import::parse(&text);
            let _ = Import::parse(&format!("otpauth://totp/{text}"));
            let _ = Import::parse(&format!("otpauth://hotp/x?secret=MY&{text}"));
        }

        #[test]
        fn what_is_written_reads_the_same(
            issuer in "[a-zA-Z0-9 åß銀+&=%?#/.@_-]{0,30}",
            account in "[a-zA-Z0-9 åß銀+&=%?#/:.@_-]{0,30}x",
            secret in prop::collection::vec(any::<u8>(), 1..=128),
            algorithm in prop::sample::select(vec![Algorithm::Sha1, Algorithm::Sha256, Algorithm::Sha512]),
            digits in 6u8..=8,
            period in 1u32..=86_400,
            counter: Option<u64>,
        ) {
            let (issuer, account) = CodeName::pair(&issuer, &account).unwrap();
            prop_assume!(!issuer.as_str().is_empty() || !account.as_str().contains(':'));
            let kind = match counter {
                Some(counter) => CodeKind::Hotp { counter },
                None => CodeKind::Totp { period: Period::new(period).unwrap() },
            };
            let secret = super::super::secret::CodeSecret::new(Zeroizing::new(secret)).unwrap();
            let digits = Digits::new(digits).unwrap();
            let code = NewCode { issuer, account, secret, algorithm, digits, kind };
            prop_assert_eq!(read(&write(&code)), Ok(code));
        }
    }
}
