//! The pages that the relay shows to people: templates, words in four languages, files, cookies and what guards forms.
//!
//! Nothing here speaks HTTP: `http/pages.rs` turns what is rendered into answers. How to add pages:
//!
//! - a template: `web/templates/AREA/NAME.html` and one line in `templates.rs`. It begins with
//!   `{% extends "shared/layout.html" %}`, fills `title` and `main`, and escapes everything by itself;
//! - its words: `web/words/{en,sv,nb,da}/AREA.json`, keys that begin with `AREA.`, the same in all four; in a template
//!   `{{ t("portal.home.title") }}`, `{{ t("portal.greeting", name=user) }}` and for numbers `{{ tn("portal.left", 3) }}`,
//!   which takes `portal.left.one` or `portal.left.other` and fills `{n}`;
//! - a file: `web/assets/NAME` and one line in `assets.rs`; in a template `{{ asset("NAME") }}`.
//!
//! Further functions of templates: `icon("check")` draws a symbol of `icons.svg`, `csrf_field()` is the hidden field
//! that every form needs (from `csrf` in the context), `when(ms)` is a time in the page's language, which the page's
//! script turns into the browser's time zone.

mod assets;
mod language;
mod session;
mod templates;
#[cfg(test)]
mod tests;
mod time;
mod words;

use minijinja::value::{Kwargs, Serde};
use minijinja::{Environment, Error, ErrorKind, State, UndefinedBehavior, Value, context};
use nod_login::{Language, UnixMillis};
use serde::Serialize;

pub use assets::{Asset, asset, asset_path};
pub use language::{name_of, negotiate};
pub use session::{Cookies, csrf, csrf_fits};
pub use words::Words;

/// A page could not be rendered: a template or a word is missing, which tests find before anybody else does.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a page cannot be rendered: {0}")]
pub struct PageError(String);

/// All templates and words.
#[derive(Debug)]
pub struct Pages {
    environment: Environment<'static>,
}

impl Default for Pages {
    fn default() -> Self {
        Self::new()
    }
}

impl Pages {
    /// Reads all templates. One that is malformed is reported when it is rendered, and by a test.
    #[must_use]
    pub fn new() -> Self {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        for (name, source) in templates::ALL {
            if let Err(error) = environment.add_template(name, source) {
                tracing::error!(name, %error, "a template is malformed");
            }
        }
        environment.add_function("t", text);
        environment.add_function("tn", counted);
        environment.add_function("asset", |name: &str| asset_path(name).ok_or_else(|| unknown("file", name)));
        environment.add_function("icon", icon);
        environment.add_function("csrf_field", csrf_field);
        environment.add_function("when", when);
        Self { environment }
    }

    /// Renders a template with `context`, which must be a structure or a map. `lang` and `languages` are added.
    ///
    /// # Errors
    /// [`PageError`] when the template or a word is missing, or the template asks for what the context has not.
    pub fn render(
        &self,
        language: Language,
        template: &str,
        context: impl Serialize,
    ) -> Result<String, PageError> {
        let languages: Vec<Value> = Language::ALL
            .iter()
            .map(|one| context! { tag => one.tag(), name => name_of(*one), current => *one == language })
            .collect();
        let context = context! {
            lang => language.tag(),
            languages => languages,
            ..Value::from(Serde(context))
        };
        let rendered = self.environment.get_template(template).and_then(|found| found.render(context));
        rendered.map_err(|error| PageError(format!("{error:#}")))
    }
}

fn unknown(what: &str, name: &str) -> Error {
    Error::new(ErrorKind::InvalidOperation, format!("no such {what}: {name}"))
}

/// The language of the page that is being rendered.
fn language_of(state: &State<'_, '_>) -> Language {
    let tag = state.lookup("lang");
    tag.as_ref().and_then(Value::as_str).and_then(|tag| tag.parse().ok()).unwrap_or_default()
}

fn filled(state: &State<'_, '_>, key: &str, given: &Kwargs) -> Result<String, Error> {
    let words = Words::of(language_of(state));
    let mut values = Vec::new();
    for name in given.args() {
        values.push((name, given.get::<Value>(name)?.to_string()));
    }
    let values: Vec<(&str, &str)> = values.iter().map(|(name, value)| (*name, value.as_str())).collect();
    words.fill(key, &values).ok_or_else(|| unknown("word", key))
}

fn text(state: &State<'_, '_>, key: &str, given: Kwargs) -> Result<String, Error> {
    filled(state, key, &given)
}

fn counted(state: &State<'_, '_>, key: &str, n: u64) -> Result<String, Error> {
    let key = format!("{key}.{}", if n == 1 { "one" } else { "other" });
    let n = n.to_string();
    Words::of(language_of(state)).fill(&key, &[("n", &n)]).ok_or_else(|| unknown("word", &key))
}

fn icon(name: &str) -> Result<Value, Error> {
    let file = asset_path("icons.svg").ok_or_else(|| unknown("file", "icons.svg"))?;
    if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_lowercase()) {
        return Err(unknown("icon", name));
    }
    Ok(Value::from_safe_string(format!(
        "<svg class=\"icon\" aria-hidden=\"true\" focusable=\"false\"><use href=\"{file}#{name}\"/></svg>"
    )))
}

fn csrf_field(state: &State<'_, '_>) -> Result<Value, Error> {
    let token = state.lookup("csrf").ok_or_else(|| unknown("value", "csrf"))?;
    let token = token.as_str().ok_or_else(|| unknown("value", "csrf"))?;
    if !token.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_') {
        return Err(unknown("value", "csrf"));
    }
    Ok(Value::from_safe_string(format!("<input type=\"hidden\" name=\"csrf\" value=\"{token}\">")))
}

fn when(state: &State<'_, '_>, at: u64) -> Result<Value, Error> {
    let shown = time::shown(language_of(state), UnixMillis(at)).ok_or_else(|| unknown("word", "month"))?;
    let machine = time::machine(UnixMillis(at));
    Ok(Value::from_safe_string(format!("<time datetime=\"{machine}\">{shown}</time>")))
}
