//! Addresses that codes are sent to: which ones can be written to, their one form, and how pages show them.

use zeroize::Zeroizing;

use crate::letter::Channel;

/// The longest e-mail address, in bytes (RFC 5321 section 4.5.3.1.3, less the angle brackets).
const MAX_EMAIL: usize = 254;

/// The longest part before the `@`, in bytes (RFC 5321 section 4.5.3.1.1).
const MAX_LOCAL: usize = 64;

/// The longest label of a domain, in characters (RFC 1035 section 2.3.4).
const MAX_LABEL: usize = 63;

/// The digits of a telephone number with its country code (ITU-T E.164 section 6); no country has shorter ones.
const PHONE_DIGITS: std::ops::RangeInclusive<usize> = 7..=15;

/// What stands for what a page does not show.
const HIDDEN: char = '…';

/// An address in its one form, and as pages show it.
pub(crate) struct Checked {
    pub(crate) plain: Zeroizing<String>,
    pub(crate) hint: String,
}

/// Checks an address. None when it is not one that can be written to.
pub(crate) fn check(channel: Channel, text: &str) -> Option<Checked> {
    let plain = Zeroizing::new(match channel {
        Channel::Email => email(text)?,
        Channel::Sms => phone(text)?,
    });
    let hint = match channel {
        Channel::Email => email_hint(&plain),
        Channel::Sms => phone_hint(&plain),
    };
    Some(Checked { plain, hint })
}

/// An e-mail address: a dot-atom (RFC 5322 section 3.2.3) at a domain, which may be an internationalised one. Nothing
/// that ends a header, opens a comment or lists a second address.
fn email(text: &str) -> Option<String> {
    let text = text.trim_matches(' ');
    let (local, domain) = text.split_once('@')?;
    let fine = text.len() <= MAX_EMAIL
        && local.len() <= MAX_LOCAL
        && local.split('.').all(|atom| !atom.is_empty() && atom.bytes().all(is_atext))
        && domain.split('.').all(is_label)
        // A number there is an address of a machine.
        && !domain.rsplit('.').next()?.bytes().all(|byte| byte.is_ascii_digit());
    fine.then(|| format!("{local}@{}", domain.to_ascii_lowercase()))
}

const fn is_atext(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(byte, b'!' | b'#'..=b'\'' | b'*' | b'+' | b'-' | b'/' | b'=' | b'?' | b'^'..=b'`' | b'{'..=b'~')
}

fn is_label(label: &str) -> bool {
    let letter = |c: char| c.is_alphanumeric() || c == '-';
    (1..=MAX_LABEL).contains(&label.chars().count())
        && label.chars().all(letter)
        && !label.starts_with('-')
        && !label.ends_with('-')
}

/// A telephone number in international form, `+46701234567`. Spaces, hyphens, dots, slashes and brackets are dropped, and
/// so is the `(0)` that some write behind the country code.
fn phone(text: &str) -> Option<String> {
    let bare: String = text.replace("(0)", "").chars().filter(|c| !is_phone_filler(*c)).collect();
    let bare = Zeroizing::new(bare);
    let digits = bare.strip_prefix('+').or_else(|| bare.strip_prefix("00"))?;
    let fine = PHONE_DIGITS.contains(&digits.len())
        && !digits.starts_with('0')
        && digits.bytes().all(|byte| byte.is_ascii_digit());
    fine.then(|| format!("+{digits}"))
}

const fn is_phone_filler(c: char) -> bool {
    matches!(c, ' ' | '-' | '.' | '/' | '(' | ')' | '\u{a0}' | '\u{2010}'..='\u{2013}')
}

/// `a…e@example.org`; less of a short one.
fn email_hint(email: &str) -> String {
    let (local, domain) = email.split_once('@').unwrap_or_default();
    let mut hint = String::with_capacity(domain.len() + 8);
    let shown = local.chars().count();
    hint.extend(local.chars().next().filter(|_| shown > 1));
    hint.push(HIDDEN);
    hint.extend(local.chars().last().filter(|_| shown > 4));
    hint.push('@');
    hint.push_str(domain);
    hint
}

/// `…4567`.
fn phone_hint(phone: &str) -> String {
    let hidden = phone.chars().count().saturating_sub(4);
    std::iter::once(HIDDEN).chain(phone.chars().skip(hidden)).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn form(channel: Channel, text: &str) -> Option<String> {
        check(channel, text).map(|checked| checked.plain.to_string())
    }

    fn hint(channel: Channel, text: &str) -> String {
        check(channel, text).unwrap().hint
    }

    #[test]
    fn sane_addresses_are_taken_in_one_form() {
        for (text, plain) in [
            ("ada@example.org", "ada@example.org"),
            (" Ada.Lovelace+nod@Example.ORG ", "Ada.Lovelace+nod@example.org"),
            ("o'brien@mail", "o'brien@mail"),
            ("åsa@example.org", ""),
            ("asa@blåbær.no", "asa@blåbær.no"),
            ("asa@xn--blbr-roah.no", "asa@xn--blbr-roah.no"),
        ] {
            assert_eq!(form(Channel::Email, text).unwrap_or_default(), plain, "{text}");
        }
    }

    #[test]
    fn nothing_that_could_write_a_header_or_a_second_address_is_taken() {
        for text in [
            "ada@example.org\r\nBcc: eve@example.com",
            "ada@example.org\n",
            "ada\r@example.org",
            "ada\0@example.org",
            "ada@example.org,eve@example.com",
            "ada@example.org;eve@example.com",
            "ada@example.org eve@example.com",
            "\"ada\"@example.org",
            "Ada <ada@example.org>",
            "ada(comment)@example.org",
            "ada@exa\u{202e}mple.org",
            "ada@example\u{ff0e}org",
            "ada@example.org\u{2028}",
        ] {
            assert_eq!(form(Channel::Email, text), None, "{text:?}");
        }
    }

    #[test]
    fn what_is_no_address_is_not_taken() {
        let long = |local: usize, label: usize| format!("{}@{}.org", "a".repeat(local), "b".repeat(label));
        for text in [
            "",
            "ada",
            "@example.org",
            "ada@",
            "ada@@example.org",
            "ada@eve@example.org",
            ".ada@example.org",
            "ada.@example.org",
            "a..da@example.org",
            "ada@.org",
            "ada@example..org",
            "ada@example.org.",
            "ada@-example.org",
            "ada@example-.org",
            "ada@[127.0.0.1]",
            "ada@127.0.0.1",
            "ada@exam_ple.org",
            &long(65, 5),
            &long(5, 64),
            &format!(
                "{}@{}",
                "a".repeat(60),
                ["b".repeat(60), "c".repeat(60), "d".repeat(60), "e".repeat(60)].join(".")
            ),
        ] {
            assert_eq!(form(Channel::Email, text), None, "{text:?}");
        }
        assert!(form(Channel::Email, &long(64, 63)).is_some());
    }

    #[test]
    fn telephone_numbers_are_brought_into_international_form() {
        for (text, plain) in [
            ("+46701234567", "+46701234567"),
            ("0046 70-123 45 67", "+46701234567"),
            ("+46 (0)70 123.45.67", "+46701234567"),
            ("+47 22 33 44 55", "+4722334455"),
            ("+2901234", "+2901234"),
        ] {
            assert_eq!(form(Channel::Sms, text).unwrap(), plain, "{text}");
        }
    }

    #[test]
    fn what_is_no_international_number_is_not_taken() {
        for text in [
            "",
            "+",
            "0701234567",
            "46701234567",
            "+0701234567",
            "+123456",
            "+1234567890123456",
            "+4670123456a",
            "+46701234567\n",
            "+46701234567,+46701234568",
            "++46701234567",
            "+٤٦٧٠١٢٣٤٥٦٧",
            "+46701234567;ext=1",
        ] {
            assert_eq!(form(Channel::Sms, text), None, "{text:?}");
        }
    }

    #[test]
    fn hints_show_the_ends_alone() {
        for (address, shown) in [
            ("alice@example.org", "a…e@example.org"),
            ("abcd@example.org", "a…@example.org"),
            ("ab@example.org", "a…@example.org"),
            ("a@example.org", "…@example.org"),
        ] {
            assert_eq!(hint(Channel::Email, address), shown);
        }
        assert_eq!(hint(Channel::Sms, "+46701234567"), "…4567");
    }

    proptest! {
        #[test]
        fn checking_never_panics(text in ".{0,300}") {
            for channel in [Channel::Email, Channel::Sms] {
                let _ = check(channel, &text);
            }
        }

        #[test]
        fn whatever_is_taken_is_clean_and_stays_what_it_is(text in "[ -~åæ\r\n]{1,12}@[a-z0-9åæ.\r\n -]{1,20}") {
            if let Some(plain) = form(Channel::Email, &text) {
                prop_assert!(!plain.chars().any(|c| c.is_control() || c.is_whitespace() || ",;:<>()[]\"\\".contains(c)));
                prop_assert_eq!(plain.matches('@').count(), 1);
                prop_assert_eq!(form(Channel::Email, &plain), Some(plain));
            }
        }

        #[test]
        fn an_email_hint_never_shows_the_whole_address(local in "[a-z0-9.+]{1,64}", domain in "[a-z]{1,20}\\.org") {
            let address = format!("{local}@{domain}");
            if let Some(checked) = check(Channel::Email, &address) {
                let shown: usize = checked.hint.split('@').next().unwrap().chars().filter(|c| *c != HIDDEN).count();
                prop_assert!(shown <= 2 && shown < local.len());
                prop_assert!(!checked.hint.contains(&address));
                let at_domain = format!("@{domain}");
                prop_assert!(checked.hint.ends_with(&at_domain));
            }
        }

        #[test]
        fn a_telephone_hint_shows_four_digits(number in "\\+[1-9][0-9]{6,14}") {
            let checked = check(Channel::Sms, &number).unwrap();
            prop_assert_eq!(checked.plain.as_str(), &number);
            prop_assert_eq!(checked.hint.chars().count(), 5);
            prop_assert!(number.ends_with(checked.hint.trim_start_matches(HIDDEN)));
        }

        #[test]
        fn a_telephone_number_stays_what_it_is(text in "[+0-9 ().-]{5,24}") {
            if let Some(plain) = form(Channel::Sms, &text) {
                prop_assert_eq!(form(Channel::Sms, &plain), Some(plain));
            }
        }
    }
}
