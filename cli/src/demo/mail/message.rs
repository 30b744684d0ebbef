//! Reads a mail (RFC 5322, MIME): sender, subject, the text part and the HTML part.

use super::decode;
use super::inbox::Arrival;

/// Parts within parts that are looked into.
const DEEPEST: u8 = 4;

/// The mail `raw` to `to`, as the mailbox keeps it.
pub(super) fn read(to: &str, raw: &[u8]) -> Arrival {
    let (headers, body) = split(raw);
    let mut parts = Parts::default();
    parts.take(&headers, body, 0);
    let subject = decode::header(value(&headers, "subject").unwrap_or_default());
    let from = decode::header(value(&headers, "from").unwrap_or_default());
    Arrival { to: to.to_owned(), from, subject, text: parts.text.unwrap_or_default(), html: parts.html }
}

#[derive(Default)]
struct Parts {
    text: Option<String>,
    html: Option<String>,
}

impl Parts {
    fn take(&mut self, headers: &[(String, String)], body: &[u8], depth: u8) {
        let content = value(headers, "content-type").unwrap_or("text/plain");
        let kind = content.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        if kind.starts_with("multipart/") {
            let Some(boundary) = parameter(content, "boundary").filter(|_| depth < DEEPEST) else { return };
            for part in pieces(body, &boundary) {
                let (headers, body) = split(part);
                self.take(&headers, body, depth + 1);
            }
            return;
        }
        let encoding = value(headers, "content-transfer-encoding").unwrap_or_default();
        let place = match kind.as_str() {
            "text/plain" => &mut self.text,
            "text/html" => &mut self.html,
            _ => return,
        };
        let decoded = decode::body(encoding, body);
        let text = String::from_utf8_lossy(&decoded).replace("\r\n", "\n");
        place.get_or_insert(text.trim_end().to_owned());
    }
}

/// Headers with small names and unfolded values, and the body.
fn split(raw: &[u8]) -> (Vec<(String, String)>, &[u8]) {
    let mut headers: Vec<(String, String)> = Vec::new();
    let mut rest = raw;
    loop {
        let end = rest.iter().position(|byte| *byte == b'\n').map_or(rest.len(), |at| at + 1);
        let (line, after) = rest.split_at(end);
        rest = after;
        let text = String::from_utf8_lossy(line);
        let line = text.trim_end_matches(['\r', '\n']);
        if line.is_empty() {
            return (headers, rest);
        }
        if line.starts_with([' ', '\t']) {
            if let Some((_, value)) = headers.last_mut() {
                value.push(' ');
                value.push_str(line.trim());
            }
        } else if let Some((name, value)) = line.split_once(':') {
            headers.push((name.trim().to_ascii_lowercase(), value.trim().to_owned()));
        }
    }
}

fn value<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    headers.iter().find(|(known, _)| known == name).map(|(_, value)| &**value)
}

/// A parameter of a header's value, without its quotes.
fn parameter(value: &str, name: &str) -> Option<String> {
    value.split(';').skip(1).find_map(|part| {
        let (key, value) = part.split_once('=')?;
        key.trim().eq_ignore_ascii_case(name).then(|| value.trim().trim_matches('"').to_owned())
    })
}

/// What stands between the lines of a boundary.
fn pieces<'a>(body: &'a [u8], boundary: &str) -> Vec<&'a [u8]> {
    let mark = format!("--{boundary}");
    let mut found = Vec::new();
    let mut begun: Option<usize> = None;
    let mut at = 0;
    for line in body.split_inclusive(|byte| *byte == b'\n') {
        let here = at;
        at += line.len();
        let text = line.trim_ascii_end();
        let last = text == format!("{mark}--").as_bytes();
        if text != mark.as_bytes() && !last {
            continue;
        }
        if let Some(piece) = begun.and_then(|from| body.get(from..here)) {
            found.push(piece);
        }
        begun = (!last).then_some(at);
        if last {
            break;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mail_in_two_forms_gives_both() {
        let raw = b"From: =?utf-8?Q?Quillmere?= <no-reply@quillmere.example>\r\nSubject: =?utf-8?B?RGluIGtvZA==?=\r\n\
            MIME-Version: 1.0\r\nContent-Type: multipart/alternative;\r\n boundary=\"x y\"\r\n\r\npreamble\r\n--x y\r\n\
            Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n\
            Koden =C3=A4r\r\n123 456\r\n\r\n--x y\r\nContent-Type: text/html; charset=utf-8\r\n\
            Content-Transfer-Encoding: base64\r\n\r\nPHA+MTIzIDQ1NjwvcD4=\r\n--x y--\r\nepilogue";
        let mail = read("emil@quillmere.example", raw);
        assert_eq!(mail.from, "Quillmere <no-reply@quillmere.example>");
        assert_eq!((&*mail.subject, &*mail.text), ("Din kod", "Koden är\n123 456"));
        assert_eq!(mail.html.as_deref(), Some("<p>123 456</p>"));
    }

    #[test]
    fn a_plain_mail_is_its_text_and_attachments_are_left_out() {
        let mail = read("a@b.example", b"Subject: One\r\n two\r\n\r\nHello\r\n");
        assert_eq!((&*mail.subject, &*mail.text, mail.html), ("One two", "Hello", None));
        let mail = read("a@b.example", b"Content-Type: application/pdf\r\n\r\n%PDF");
        assert_eq!((&*mail.text, mail.html), ("", None));
    }

    #[test]
    fn parts_within_parts_end_somewhere() {
        let mut raw = b"hello".to_vec();
        for _ in 0..40 {
            let head: &[u8] = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n";
            raw = [head, &raw, b"\r\n--b--\r\n"].concat();
        }
        assert_eq!(read("a@b.example", &raw).text, "");
    }
}
