//! What a key may be used for, and when (RFC 6030 section 5).

use nod_login::UnixMillis;
use roxmltree::Node;

use super::{PSKC, is, value};
use crate::fobs::{Reason, shown};

/// Checks a key's policy.
///
/// # Errors
/// [`Reason`] when it does not let the key make one-time passwords now, or says something that is not understood: such a
/// key may not be used at all (section 5).
pub(super) fn check(policy: Node<'_, '_>, now: UnixMillis) -> Result<(), Reason> {
    let mut usages = policy.children().filter(|node| is(*node, "KeyUsage")).peekable();
    if usages.peek().is_some() && !usages.any(|node| value(node) == Some("OTP")) {
        return Err(Reason::Usage);
    }
    for node in policy.children().filter(Node::is_element) {
        let name = node.tag_name();
        match name.name() {
            _ if name.namespace() != Some(PSKC) => return Err(Reason::Policy(shown(name.name()))),
            "StartDate" if moment(node)? > now.0 => return Err(Reason::NotYet),
            "ExpiryDate" if moment(node)? <= now.0 => return Err(Reason::Expired),
            "StartDate" | "ExpiryDate" | "KeyUsage" => {}
            "PINPolicy" => pin(node)?,
            "NumberOfTransactions" => return Err(Reason::Transactions),
            other => return Err(Reason::Policy(shown(other))),
        }
    }
    Ok(())
}

/// A PIN that the fob itself asks for is its own matter; one that is mixed into the code is not known here.
fn pin(node: Node<'_, '_>) -> Result<(), Reason> {
    match node.attribute("PINUsageMode") {
        None | Some("Local") => Ok(()),
        Some(_) => Err(Reason::Pin),
    }
}

fn moment(node: Node<'_, '_>) -> Result<u64, Reason> {
    value(node).and_then(date_time).ok_or(Reason::Validity)
}

/// Milliseconds since 1970 of an `xs:dateTime` between 1970 and 9999; without a zone it is UTC.
fn date_time(text: &str) -> Option<u64> {
    let (date, time) = text.split_once('T')?;
    let (time, offset_min) = zone(time)?;
    let [year, month, day] = numbers(date, '-', [4, 2, 2])?;
    let (clock, fraction) = time.split_once('.').unwrap_or((time, "0"));
    let [hour, minute, second] = numbers(clock, ':', [2, 2, 2])?;
    let fine = (1970..=9999).contains(&year)
        && (1..=12).contains(&month)
        && (1..=days_of(year, month)).contains(&day)
        && (hour < 24 || (hour == 24 && minute == 0 && second == 0))
        && minute < 60
        && second < 60
        && fraction.bytes().all(|b| b.is_ascii_digit());
    if !fine {
        return None;
    }
    let before = (1970..year).map(|y| (1..=12).map(|m| days_of(y, m)).sum::<i64>()).sum::<i64>();
    let days = before + (1..month).map(|m| days_of(year, m)).sum::<i64>() + day - 1;
    let seconds = days * 86_400 + hour * 3600 + minute * 60 + second - offset_min * 60;
    u64::try_from(seconds).ok()?.checked_mul(1000)
}

/// A time without its zone, and the zone's minutes before UTC.
fn zone(time: &str) -> Option<(&str, i64)> {
    if let Some(time) = time.strip_suffix('Z') {
        return Some((time, 0));
    }
    let Some(at) = time.rfind(['+', '-']) else { return Some((time, 0)) };
    let (time, zone) = time.split_at_checked(at)?;
    let sign = if zone.starts_with('-') { -1 } else { 1 };
    let [hours, minutes] = numbers(zone.get(1..)?, ':', [2, 2])?;
    (hours <= 14 && minutes < 60).then_some((time, sign * (hours * 60 + minutes)))
}

/// Numbers of so many digits each.
fn numbers<const N: usize>(text: &str, between: char, digits: [usize; N]) -> Option<[i64; N]> {
    let mut parts = text.split(between);
    let mut numbers = [0; N];
    for (number, digits) in numbers.iter_mut().zip(digits) {
        let part = parts.next().filter(|p| p.len() == digits && p.bytes().all(|b| b.is_ascii_digit()))?;
        *number = part.parse().ok()?;
    }
    parts.next().is_none().then_some(numbers)
}

const fn days_of(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_read_in_every_zone() {
        for (text, seconds) in [
            ("1970-01-01T00:00:00Z", 0),
            ("2006-05-31T00:00:00Z", 1_149_033_600),
            ("2006-05-31T02:00:00+02:00", 1_149_033_600),
            ("2006-05-30T14:30:00.250-09:30", 1_149_033_600),
            ("2000-02-29T24:00:00", 951_868_800),
            ("9999-12-31T23:59:59Z", 253_402_300_799),
        ] {
            assert_eq!(date_time(text), Some(seconds * 1000), "{text}");
        }
    }

    #[test]
    fn what_is_no_moment_is_none() {
        for bad in [
            "",
            "2006-05-31",
            "2006-13-01T00:00:00Z",
            "2001-02-29T00:00:00Z",
            "1969-12-31T23:59:59Z",
            "2006-05-31T25:00:00Z",
            "2006-05-31T00:00:00+15:00",
            "2006-05-31T00:00:00ZZ",
            "2006-5-31T00:00:00Z",
            "1970-01-01T00:00:00+01:00",
            "T",
        ] {
            assert_eq!(date_time(bad), None, "{bad}");
        }
    }
}
