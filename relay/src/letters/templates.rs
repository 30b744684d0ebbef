//! The letters' templates: built in, replaceable by the operator's, all of them tried at the start.

use std::collections::BTreeMap;
use std::path::Path;

use minijinja::{AutoEscape, Environment, UndefinedBehavior};
use nod_login::Language;

use super::content::{self, Facts, Words};
use super::{samples, sms};

macro_rules! files {
    ($lang:literal: $($name:literal)*) => {
        &[$((concat!($lang, "/", $name), include_str!(concat!("../../letters/", $lang, "/", $name)))),*]
    };
}

macro_rules! language {
    ($lang:literal) => {
        files!($lang: "words.json" "code.jinja" "confirm.jinja" "notice.jinja" "method-added.jinja"
            "method-removed.jinja" "contact-changed.jinja" "recovery-codes-made.jinja" "recovery-code-used.jinja"
            "device-enrolled.jinja" "device-moved.jinja" "device-revoked.jinja" "suspended.jinja"
            "unsuspended.jinja" "ticket-issued.jinja" "ticket-used.jinja" "codes-locked.jinja"
            "device-suspended.jinja" "primary-changed.jinja")
    };
}

/// Every file that is built in: its name below the folder of templates, and its text.
const BUILT_IN: [&[(&str, &str)]; 5] = [
    &[
        ("frame.html", include_str!("../../letters/frame.html")),
        ("frame.txt", include_str!("../../letters/frame.txt")),
    ],
    language!("en"),
    language!("sv"),
    language!("nb"),
    language!("da"),
];

/// A template that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the letter template {file}: {reason}")]
pub struct TemplateError {
    /// The file, below the folder of templates.
    pub file: String,
    /// What is wrong with it.
    pub reason: String,
}

impl TemplateError {
    fn new(file: &str, reason: &dyn std::fmt::Display) -> Self {
        Self { file: file.to_owned(), reason: reason.to_string() }
    }

    /// A template's error, which may lie in another file than the one that was asked for.
    fn of(asked: &str, error: &minijinja::Error) -> Self {
        let name = error.name().unwrap_or(asked);
        let file = if name == FRAME { "frame.html or frame.txt".to_owned() } else { format!("{name}.jinja") };
        Self { file, reason: error.to_string() }
    }
}

/// A mail's texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct MailText {
    pub(super) subject: String,
    pub(super) plain: String,
    pub(super) html: String,
}

/// What every letter is laid out in; `frame.html` or `frame.txt`.
const FRAME: &str = "frame";

/// The column at which plain text is wrapped.
const WRAP: usize = 72;

/// All templates, ready for use.
pub(super) struct Templates {
    plain: Environment<'static>,
    html: Environment<'static>,
    words: BTreeMap<&'static str, Words>,
}

impl Templates {
    /// Takes the built-in templates, and those of `dir` in their place, and tries every letter in every language.
    pub(super) fn load(dir: Option<&Path>) -> Result<Self, TemplateError> {
        let mut files: BTreeMap<String, String> = BUILT_IN
            .iter()
            .flat_map(|group| group.iter())
            .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
            .collect();
        if let Some(dir) = dir {
            replace(&mut files, dir, "")?;
        }
        let mut templates = Self {
            plain: environment(AutoEscape::None),
            html: environment(AutoEscape::Html),
            words: BTreeMap::new(),
        };
        for language in Language::ALL {
            let file = format!("{}/words.json", language.tag());
            let text = files.remove(&file).unwrap_or_default();
            let words = serde_json::from_str(&text).map_err(|error| TemplateError::new(&file, &error))?;
            templates.words.insert(language.tag(), words);
        }
        let english = templates.words.get(Language::En.tag()).cloned().unwrap_or_default();
        for (tag, words) in &templates.words {
            if !words.keys().eq(english.keys()) {
                let reason = "has not the same keys as the English one";
                return Err(TemplateError::new(&format!("{tag}/words.json"), &reason));
            }
        }
        for (file, text) in files {
            let wrong = |error: minijinja::Error| TemplateError::new(&file, &error);
            match file.as_str() {
                "frame.txt" => templates.plain.add_template_owned(FRAME, text).map_err(wrong)?,
                "frame.html" => templates.html.add_template_owned(FRAME, text).map_err(wrong)?,
                _ => {
                    let name = file.strip_suffix(".jinja").unwrap_or(&file).to_owned();
                    templates.plain.add_template_owned(name.clone(), text.clone()).map_err(wrong)?;
                    templates.html.add_template_owned(name, text).map_err(wrong)?;
                }
            }
        }
        templates.try_all()?;
        Ok(templates)
    }

    fn try_all(&self) -> Result<(), TemplateError> {
        for language in Language::ALL {
            for letter in samples::letters(language) {
                let code = super::outcome::is_code(&letter).then_some("123456");
                let facts = Facts { letter: &letter, service: "Example", code };
                self.mail(facts)?;
                self.sms(facts)?;
            }
        }
        Ok(())
    }

    /// A letter as a mail.
    pub(super) fn mail(&self, facts: Facts<'_>) -> Result<MailText, TemplateError> {
        let name = template(facts);
        let failed = |error: minijinja::Error| TemplateError::of(&name, &error);
        let context = content::context(facts, self.words(facts), content::MAIL);
        let html = self.html.get_template(&name).map_err(failed)?.render(context.clone()).map_err(failed)?;
        let mut plain =
            self.plain.get_template(&name).map_err(failed)?.render_captured(context).map_err(failed)?;
        let subject = plain.with_state_mut(|state| state.render_block("subject")).map_err(failed)?;
        let subject = content::clean(&subject, 120);
        if subject.is_empty() {
            return Err(TemplateError::new(&format!("{name}.jinja"), &"has no subject"));
        }
        Ok(MailText { subject, plain: wrap(plain.output()), html })
    }

    /// A letter as a text message.
    pub(super) fn sms(&self, facts: Facts<'_>) -> Result<String, TemplateError> {
        let name = template(facts);
        let failed = |error: minijinja::Error| TemplateError::of(&name, &error);
        let context = content::context(facts, self.words(facts), content::SMS);
        let mut plain =
            self.plain.get_template(&name).map_err(failed)?.render_captured(context).map_err(failed)?;
        let text = plain.with_state_mut(|state| state.render_block("sms")).map_err(failed)?;
        let text = sms::plain(&content::clean(&text, usize::MAX));
        if text.is_empty() {
            return Err(TemplateError::new(&format!("{name}.jinja"), &"has no text for an SMS"));
        }
        Ok(text)
    }

    fn words(&self, facts: Facts<'_>) -> &Words {
        const NONE: &Words = &Words::new();
        self.words.get(facts.letter.language.tag()).unwrap_or(NONE)
    }
}

fn template(facts: Facts<'_>) -> String {
    format!("{}/{}", facts.letter.language.tag(), content::name(&facts.letter.body))
}

fn environment(escape: AutoEscape) -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(move |_| escape.clone());
    environment
}

/// Takes the files of the operator's folder in place of the built-in ones; one of an unknown name would never be used.
fn replace(files: &mut BTreeMap<String, String>, dir: &Path, below: &str) -> Result<(), TemplateError> {
    let unreadable = |name: &str, error: &std::io::Error| {
        TemplateError::new(name, &format_args!("cannot be read: {}", error.kind()))
    };
    let shown = dir.display().to_string();
    for entry in std::fs::read_dir(dir).map_err(|error| unreadable(&shown, &error))? {
        let entry = entry.map_err(|error| unreadable(&shown, &error))?;
        let name = format!("{below}{}", entry.file_name().to_string_lossy());
        let path = entry.path();
        if below.is_empty() && path.is_dir() && Language::ALL.iter().any(|known| known.tag() == name) {
            replace(files, &path, &format!("{name}/"))?;
        } else if let Some(text) = files.get_mut(&name) {
            *text = std::fs::read_to_string(&path).map_err(|error| unreadable(&name, &error))?;
        } else {
            return Err(TemplateError::new(&name, &"no template has that name"));
        }
    }
    Ok(())
}

/// Wraps lines at words, and leaves one empty line where there are several. Indented lines stay as they are.
fn wrap(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 64);
    let mut empty = true;
    for line in text.trim().lines() {
        let line = line.trim_end();
        if line.is_empty() {
            if !std::mem::replace(&mut empty, true) {
                out.push('\n');
            }
            continue;
        }
        empty = false;
        let mut width = 0;
        if line.starts_with(' ') {
            out.push_str(line);
        } else {
            for word in line.split(' ') {
                let length = word.chars().count();
                if width > 0 && width + 1 + length > WRAP {
                    out.push('\n');
                    width = 0;
                } else if width > 0 {
                    out.push(' ');
                    width += 1;
                }
                out.push_str(word);
                width += length;
            }
        }
        out.push('\n');
    }
    out
}
