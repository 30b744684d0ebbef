//! Codes as people type them, and what is kept of them: never the code, and never the same for two purposes.

use nod_protocol::bytes::Digest;
use nod_protocol::random::below;
use nod_protocol::{ChallengeId, MethodId, Random, RandomError, ServiceId, TicketId};
use zeroize::Zeroizing;

use crate::sealer::{Sealed, Sealer};

/// The longest text that is looked at as a code, in bytes.
const MAX_TYPED: usize = 64;

/// Digits of a code that is sent.
pub(crate) const SENT_DIGITS: u8 = 6;

/// The alphabet of recovery codes and tickets: Crockford's base32, which has no letter that is mistaken for a digit.
const CROCKFORD: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// Digits as they were typed, without spaces and hyphens; empty when it is anything else.
pub(crate) fn digits(typed: &str) -> Zeroizing<String> {
    normal(typed, |c| c.is_ascii_digit().then_some(c))
}

/// A recovery code or a ticket's code as it was typed: case, spaces, hyphens, and O, I and L for 0 and 1 are forgiven.
/// Empty when it is anything else.
pub(crate) fn letters(typed: &str) -> Zeroizing<String> {
    normal(typed, |c| match c.to_ascii_uppercase() {
        'O' => Some('0'),
        'I' | 'L' => Some('1'),
        c if u8::try_from(c).is_ok_and(|byte| CROCKFORD.contains(&byte)) => Some(c),
        _ => None,
    })
}

fn normal(typed: &str, keep: impl Fn(char) -> Option<char>) -> Zeroizing<String> {
    if typed.len() > MAX_TYPED {
        return Zeroizing::default();
    }
    let mut code = Zeroizing::new(String::with_capacity(MAX_TYPED));
    for c in typed.chars().filter(|c| !c.is_whitespace() && *c != '-') {
        let Some(c) = keep(c) else { return Zeroizing::default() };
        code.push(c);
    }
    code
}

/// Draws the code of a letter: six digits.
pub(crate) fn draw_digits(random: &dyn Random) -> Result<Zeroizing<String>, RandomError> {
    Ok(Zeroizing::new(format!("{:06}", below(random, 1_000_000)?)))
}

/// Draws a code of `groups` times four letters, `XXXX-XXXX…`: five bits a letter.
pub(crate) fn draw_letters(random: &dyn Random, groups: usize) -> Result<Zeroizing<String>, RandomError> {
    let mut bytes = Zeroizing::new(vec![0; groups * 4]);
    random.fill(&mut bytes)?;
    let mut code = Zeroizing::new(String::with_capacity(groups * 5));
    for (at, byte) in bytes.iter().enumerate() {
        if at > 0 && at % 4 == 0 {
            code.push('-');
        }
        code.push(CROCKFORD.get(usize::from(byte & 31)).map_or('0', |letter| char::from(*letter)));
    }
    Ok(code)
}

/// What is kept of the code that the `send`th letter of a challenge carries.
pub(crate) fn sent_mac(
    sealer: &dyn Sealer,
    service: ServiceId,
    challenge: ChallengeId,
    send: u32,
    code: &str,
) -> Digest {
    let message =
        [b"challenge", challenge.as_bytes().as_slice(), &send.to_be_bytes(), code.as_bytes()].concat();
    sealer.mac(Sealed::Code, service, &Zeroizing::new(message))
}

/// What is kept of the code that proves an address.
pub(crate) fn confirm_mac(sealer: &dyn Sealer, service: ServiceId, method: MethodId, code: &str) -> Digest {
    let message = [b"confirm", method.as_bytes().as_slice(), code.as_bytes()].concat();
    sealer.mac(Sealed::Code, service, &Zeroizing::new(message))
}

/// What is kept of a recovery code, once it went through [`letters`].
pub(crate) fn recovery_mac(sealer: &dyn Sealer, service: ServiceId, method: MethodId, code: &str) -> Digest {
    let message = [method.as_bytes().as_slice(), code.as_bytes()].concat();
    sealer.mac(Sealed::Recovery, service, &Zeroizing::new(message))
}

/// What is kept of a ticket's code, once it went through [`letters`].
pub(crate) fn ticket_mac(sealer: &dyn Sealer, service: ServiceId, ticket: TicketId, code: &str) -> Digest {
    let message = [ticket.as_bytes().as_slice(), code.as_bytes()].concat();
    sealer.mac(Sealed::Ticket, service, &Zeroizing::new(message))
}

#[cfg(test)]
mod tests {
    use nod_protocol::random::SeededForTests;

    use super::*;

    #[test]
    fn what_people_type_beside_the_digits_is_forgiven() {
        for typed in ["123456", " 123 456 ", "123-456", "12\u{a0}34\t56"] {
            assert_eq!(digits(typed).as_str(), "123456", "{typed}");
        }
        for bad in ["12345a", "１２３４５６", "12.34", "", "1".repeat(65).as_str()] {
            assert_eq!(digits(bad).as_str(), "", "{bad}");
        }
    }

    #[test]
    fn letters_that_look_like_digits_are_taken_for_them() {
        assert_eq!(letters("oIl0-abcd WXYZ-1234").as_str(), "0110ABCDWXYZ1234");
        for bad in ["ABCU", "AB,CD", "Ä", "ABC\u{200b}D"] {
            assert_eq!(letters(bad).as_str(), "", "{bad}");
        }
    }

    #[test]
    fn drawn_codes_have_their_form_and_are_read_back() {
        let random = SeededForTests::new(4);
        let code = draw_letters(&random, 4).unwrap();
        assert_eq!(code.split('-').map(str::len).collect::<Vec<_>>(), [4; 4]);
        assert_eq!(*letters(&code.to_lowercase()), code.replace('-', ""));
        assert_eq!(digits(&draw_digits(&random).unwrap()).len(), usize::from(SENT_DIGITS));
    }
}
