//! Letters as they are written: every kind, in every language.

use super::content::Facts;
use super::templates::Templates;
use super::*;
use nod_login::{Change, Language, LetterBody};

/// Letters for tests.
pub(super) mod letter {
    use nod_login::{Change, Channel, Language, Letter, LetterBody, UnixMillis};
    use nod_protocol::{ChallengeId, EnvelopeId, ServiceId};

    fn of(created: UnixMillis, body: LetterBody, life_ms: u64) -> Letter {
        Letter {
            id: EnvelopeId::from_parts(created.0, &[7; 10]),
            service: ServiceId::from_bytes([1; 16]),
            user: "ann".to_owned(),
            channel: Channel::Email,
            to: String::new(),
            language: Language::En,
            body,
            created,
            expires: created.plus(life_ms),
        }
    }

    pub(in super::super) fn code(created: UnixMillis) -> Letter {
        let challenge = ChallengeId::from_bytes([2; 16]);
        let body =
            LetterBody::Code { challenge, send: 1, code: String::new(), application: None, life_s: 300 };
        of(created, body, 300_000)
    }

    pub(in super::super) fn changed(created: UnixMillis, change: Change) -> Letter {
        of(created, LetterBody::Changed { change }, 48 * 3_600_000)
    }
}

const SERVICE: &str = "Fjordbanken <AB> & söner";

fn facts<'a>(letter: &'a nod_login::Letter, service: &'a str) -> Facts<'a> {
    Facts { letter, service, code: outcome::is_code(letter).then_some("123456") }
}

#[test]
fn every_letter_is_written_in_every_language_without_a_word_of_english_in_the_others() {
    const ENGLISH: [&str; 10] =
        [" the ", " your ", " was ", " with ", " you ", "phone", "code ", "sign", "helpdesk.", "account"];
    let templates = Templates::load(None).unwrap();
    for language in Language::ALL {
        for letter in samples::letters(language) {
            let english = nod_login::Letter { language: Language::En, ..letter.clone() };
            let (mail, original) = (
                templates.mail(facts(&letter, SERVICE)).unwrap(),
                templates.mail(facts(&english, SERVICE)).unwrap(),
            );
            let sms = templates.sms(facts(&letter, SERVICE)).unwrap();
            assert!(mail.html.contains(&format!("<html lang=\"{}\">", language.tag())));
            if language == Language::En {
                continue;
            }
            assert_ne!(mail.subject, original.subject);
            for text in [&mail.subject, &mail.plain, &sms] {
                let plain = text.replace("Ann's phone", "").replace("Key ring", "");
                for word in ENGLISH {
                    assert!(!plain.contains(word), "{word:?} in {language:?} {:?}: {text}", letter.body);
                }
            }
        }
    }
}

#[test]
fn a_code_stands_in_the_body_and_never_in_the_subject() {
    let templates = Templates::load(None).unwrap();
    for language in Language::ALL {
        for letter in samples::letters(language) {
            let mail = templates.mail(facts(&letter, SERVICE)).unwrap();
            let sms = templates.sms(facts(&letter, SERVICE)).unwrap();
            let has_code = outcome::is_code(&letter);
            assert_eq!(mail.plain.contains("\n    123 456\n"), has_code, "{}", mail.plain);
            assert_eq!(mail.html.contains(">123 456<"), has_code);
            assert_eq!(sms.starts_with("123456 "), has_code, "{sms}");
            assert!(!mail.subject.contains("123"), "{}", mail.subject);
            let before = mail.plain.split("123 456").next().unwrap();
            assert!(!has_code || before.len() > 60, "a preview of the first words shows the code");
        }
    }
}

#[test]
fn html_is_well_formed_and_nothing_in_it_is_fetched_or_clicked() {
    let templates = Templates::load(None).unwrap();
    for language in Language::ALL {
        for letter in samples::letters(language) {
            let html = templates.mail(facts(&letter, SERVICE)).unwrap().html;
            let options = roxmltree::ParsingOptions { allow_dtd: true, ..Default::default() };
            let document = roxmltree::Document::parse_with_options(&html, options)
                .unwrap_or_else(|error| panic!("{error}: {html}"));
            for node in document.descendants().filter(roxmltree::Node::is_element) {
                assert!(!["a", "img", "script", "link", "form"].contains(&node.tag_name().name()), "{html}");
            }
            assert!(!html.contains("url("), "{html}");
        }
    }
}

#[test]
fn plain_text_is_wrapped() {
    let templates = Templates::load(None).unwrap();
    for language in Language::ALL {
        for letter in samples::letters(language) {
            let plain = templates.mail(facts(&letter, SERVICE)).unwrap().plain;
            assert!(plain.lines().all(|line| line.chars().count() <= 78), "{plain}");
            assert!(!plain.contains("\n\n\n") && !plain.contains("{{"), "{plain}");
        }
    }
}

#[test]
fn a_text_message_fits_into_one_part_with_the_longest_names() {
    let templates = Templates::load(None).unwrap();
    for language in Language::ALL {
        for mut letter in samples::letters(language) {
            match &mut letter.body {
                LetterBody::Code { application, life_s, .. } => {
                    *application = Some("A".repeat(64));
                    *life_s = 900;
                }
                LetterBody::Changed { change } => {
                    if let Change::MethodAdded { label, .. }
                    | Change::PrimaryChanged { label, .. }
                    | Change::DeviceSuspended { device: label }
                    | Change::DeviceEnrolled { device: label }
                    | Change::DeviceMoved { device: label }
                    | Change::DeviceRevoked { device: label }
                    | Change::ContactChanged { hint: label, .. } = change
                    {
                        *label = "B".repeat(64);
                    }
                }
                LetterBody::Confirm { .. } => {}
            }
            let text = templates.sms(facts(&letter, &"S".repeat(64))).unwrap();
            assert_eq!(sms::parts(&text), 1, "{:?}: {text}", sms::septets(&text));
            assert!(sms::septets(&text).is_some(), "not in the seven-bit alphabet: {text}");
        }
    }
}

#[test]
fn hostile_names_stay_text() {
    let templates = Templates::load(None).unwrap();
    let evil = "<b>x</b>\r\nBcc: eve@example.org\r\n\r\n{{ code }}\u{202e}";
    let mut letter =
        letter::changed(nod_login::UnixMillis(0), Change::DeviceEnrolled { device: evil.to_owned() });
    evil.clone_into(&mut letter.user);
    let mail = templates.mail(facts(&letter, evil)).unwrap();
    assert!(mail.html.contains("&lt;b&gt;x&lt;&#x2f;b&gt; Bcc: eve@example.org {{ code }}"), "{}", mail.html);
    assert!(!mail.html.contains("<b>") && !mail.html.contains('\u{202e}'));
    assert!(!mail.plain.contains("\nBcc") && !mail.subject.contains('\n'), "{}", mail.plain);
}

#[test]
fn one_of_the_operators_templates_replaces_the_built_in_one() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("sv")).unwrap();
    let own = "{% extends \"frame\" %}{% block subject %}Hej{% endblock %}{% block sms %}Hej {{ code }}{% endblock %}";
    std::fs::write(dir.path().join("sv/code.jinja"), own).unwrap();
    let templates = Templates::load(Some(dir.path())).unwrap();
    let mut letter = letter::code(nod_login::UnixMillis(0));
    letter.language = Language::Sv;
    assert_eq!(templates.mail(facts(&letter, SERVICE)).unwrap().subject, "Hej");
    assert_eq!(templates.sms(facts(&letter, SERVICE)).unwrap(), "Hej 123456");
    letter.language = Language::Da;
    assert_eq!(templates.mail(facts(&letter, SERVICE)).unwrap().subject, "Din loginkode");
}

#[test]
fn a_broken_template_is_named_at_the_start() {
    for (file, text, named) in [
        (
            "nb/code.jinja",
            "{% extends \"frame\" %}{% block subject %}{{ nobody }}{% endblock %}",
            "nb/code.jinja",
        ),
        ("nb/code.jinja", "{% block subject %}", "nb/code.jinja"),
        ("nb/suspended.jinja", "no blocks", "nb/suspended.jinja"),
        ("frame.html", "{{ words.nobody }}", "frame.html"),
        ("da/words.json", "{}", "da/words.json"),
        ("da/words.json", "{", "da/words.json"),
        ("da/cod.jinja", "", "da/cod.jinja"),
        ("README", "", "README"),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
        let error =
            Templates::load(Some(dir.path())).err().unwrap_or_else(|| panic!("{file}: {text} is taken"));
        assert!(LettersError::from(error.clone()).to_string().contains(named), "{error}");
    }
    let missing = Templates::load(Some(Path::new("does-not-exist"))).err().unwrap();
    assert!(missing.to_string().contains("does-not-exist"), "{missing}");
}
