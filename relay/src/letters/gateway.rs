//! Text messages through a gateway that is asked by HTTP: the operator's templates, filled in and sent.

use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine as _;
use minijinja::{AutoEscape, Environment, Error, ErrorKind, Output, State, UndefinedBehavior, Value};
use nod_protocol::EnvelopeId;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::redirect::Policy;
use reqwest::{Client, Method, StatusCode, Url};

use super::outcome::Attempt;
use super::{LettersError, certificates, secret};
use crate::outbound::{self, Private};
use crate::settings::Sms;

/// The longest answer that is looked at, in bytes.
const MAX_ANSWER: usize = 65_536;

/// What is filled into the templates, beside what is set.
#[derive(Clone, Copy)]
pub(super) struct Text<'a> {
    pub(super) id: EnvelopeId,
    pub(super) to: &'a str,
    pub(super) text: &'a str,
}

/// A gateway.
pub(super) struct Gateway {
    client: Client,
    settings: Sms,
    method: Method,
    /// Scheme, host and port, which no text may change.
    origin: url_parts::Origin,
    secret: Option<crate::settings::SecretText>,
    templates: Environment<'static>,
}

impl Gateway {
    /// Sets a gateway up and tries its templates.
    pub(super) fn new(settings: &Sms) -> Result<Self, LettersError> {
        let http = &settings.http;
        let mut templates = Environment::new();
        templates.set_undefined_behavior(UndefinedBehavior::Strict);
        let body_escape = escape_for(&http.content_type);
        templates.set_auto_escape_callback(move |name| match name {
            "sms.http.url" => AutoEscape::Custom("url".into()),
            "sms.http.body" => body_escape.clone(),
            _ => AutoEscape::Custom("header".into()),
        });
        templates.set_formatter(write_escaped);
        templates.add_filter("json", json);
        templates.add_filter("urlencode", |text: String| Value::from_safe_string(percent_encoded(&text)));
        templates.add_filter("base64", |text: String| base64::engine::general_purpose::STANDARD.encode(text));
        templates.add_filter("digits", |text: String| {
            text.chars().filter(char::is_ascii_digit).collect::<String>()
        });
        let malformed = |setting: &'static str| {
            move |error: Error| LettersError::Template { setting, reason: error.to_string() }
        };
        let url = http.url.clone().unwrap_or_default();
        templates.add_template_owned("sms.http.url", url).map_err(malformed("sms.http.url"))?;
        templates
            .add_template_owned("sms.http.body", http.body.clone())
            .map_err(malformed("sms.http.body"))?;
        for (name, value) in &http.headers {
            templates
                .add_template_owned(format!("header {name}"), value.clone())
                .map_err(malformed("sms.http.headers"))?;
        }
        let method = Method::from_bytes(http.method.as_bytes()).map_err(|_| LettersError::Client)?;
        let client = Client::builder()
            .redirect(Policy::none())
            .no_proxy()
            .timeout(Duration::from_secs(settings.timeout_s))
            .tls_certs_merge(certificates("sms.http.ca_file", http.ca_file.as_deref())?)
            .dns_resolver(outbound::resolver(Private::Any(true)))
            .user_agent("nod-relay")
            .build()
            .map_err(|_| LettersError::Client)?;
        let mut gateway = Self {
            client,
            method,
            origin: url_parts::Origin::default(),
            secret: secret("sms.http.secret_file", http.secret.as_ref(), http.secret_file.as_deref())?,
            settings: settings.clone(),
            templates,
        };
        gateway.try_out()?;
        Ok(gateway)
    }

    /// Fills the templates in twice with different texts: what comes out must be usable, and go to the same host.
    fn try_out(&mut self) -> Result<(), LettersError> {
        let mut origins = Vec::new();
        for (to, text) in [("+46700000001", "a"), ("+4790000002", "\"<&>\r\n/?#@:ö")] {
            let id = EnvelopeId::from_parts(0, &[0; 10]);
            let (url, ..) = self.filled(Text { id, to, text })?;
            origins.push(url_parts::Origin::of(&url));
        }
        let wrong =
            |reason: &str| LettersError::Template { setting: "sms.http.url", reason: reason.to_owned() };
        let Some(first) = origins.first().filter(|first| origins.iter().all(|other| other == *first)) else {
            return Err(wrong("its host depends on what is filled in"));
        };
        if !first.is_web() {
            return Err(wrong("is neither an http nor an https address of a host"));
        }
        if first.is_plain_to_far() && !self.settings.http.allow_plaintext {
            return Err(wrong(
                "is http, which goes to localhost or a private address alone, unless sms.http.allow_plaintext is set",
            ));
        }
        self.origin = first.clone();
        Ok(())
    }

    fn filled(&self, text: Text<'_>) -> Result<(Url, HeaderMap, String), LettersError> {
        let http = &self.settings.http;
        let id = text.id.to_string();
        let always: [(&'static str, &str); 4] =
            [("to", text.to), ("text", text.text), ("from", &self.settings.from), ("id", &id)];
        let secret = self.secret.as_ref().map(crate::settings::SecretText::expose);
        // What is not set is no name at all: no expression takes it for a text.
        let set: [(&'static str, Option<&str>); 2] = [("user", http.user.as_deref()), ("secret", secret)];
        let names =
            always.into_iter().chain(set.into_iter().filter_map(|(name, value)| Some((name, value?))));
        let context: BTreeMap<_, _> = names.map(|(name, value)| (name, Value::from(value))).collect();
        let fill = |setting: &'static str, name: &str| {
            let failed = |reason: String| LettersError::Template { setting, reason };
            let template = self.templates.get_template(name).map_err(|error| failed(error.to_string()))?;
            template.render(&context).map_err(|error| {
                let used = template.undeclared_variables(false);
                let unset = set.iter().find(|(name, value)| value.is_none() && used.contains(*name));
                failed(match (error.kind(), unset) {
                    (ErrorKind::UndefinedError, Some((name, _))) => {
                        format!("{name} is used, and sms.http.{name} is not set")
                    }
                    _ => error.to_string(),
                })
            })
        };
        let wrong = |setting: &'static str, reason: &str| LettersError::Template {
            setting,
            reason: reason.to_owned(),
        };
        let url = fill("sms.http.url", "sms.http.url")?;
        let url = Url::parse(&url).map_err(|_| wrong("sms.http.url", "is not a URL"))?;
        let mut headers = HeaderMap::new();
        for name in http.headers.keys() {
            let setting = "sms.http.headers";
            let value = fill(setting, &format!("header {name}"))?;
            let name = HeaderName::from_bytes(name.as_bytes())
                .map_err(|_| wrong(setting, &format!("{name:?} is not the name of a header")))?;
            let mut value = HeaderValue::from_str(&value)
                .map_err(|_| wrong(setting, &format!("the value of {name} cannot be sent")))?;
            value.set_sensitive(true);
            headers.insert(name, value);
        }
        let body = if self.method == Method::GET {
            String::new()
        } else {
            let kind = HeaderValue::from_str(&http.content_type)
                .map_err(|_| wrong("sms.http.content_type", "cannot be sent"))?;
            headers.insert(CONTENT_TYPE, kind);
            fill("sms.http.body", "sms.http.body")?
        };
        Ok((url, headers, body))
    }

    /// Sends one message.
    pub(super) async fn send(&self, text: Text<'_>) -> Attempt {
        let Ok((url, headers, body)) = self.filled(text) else { return Attempt::Never("template") };
        if url_parts::Origin::of(&url) != self.origin || !Private::Any(true).admits(&url) {
            return Attempt::Never("address");
        }
        let mut request = self.client.request(self.method.clone(), url).headers(headers);
        if self.method != Method::GET {
            request = request.body(body);
        }
        match request.send().await {
            Ok(answer) => self.judge(answer).await,
            Err(error) if error.is_timeout() => Attempt::Later("timeout"),
            Err(error) if outbound::is_no_address(&error) => Attempt::Setup("address"),
            Err(_) => Attempt::Later("connection"),
        }
    }

    async fn judge(&self, mut answer: reqwest::Response) -> Attempt {
        let http = &self.settings.http;
        let status = answer.status();
        let [low, high] = http.success_status;
        if (low..=high).contains(&status.as_u16()) {
            let Some(wanted) = &http.success_text else { return Attempt::Sent };
            let mut bytes = Vec::new();
            while let Ok(Some(chunk)) = answer.chunk().await {
                bytes.extend_from_slice(&chunk);
                if bytes.len() > MAX_ANSWER {
                    break;
                }
            }
            let found = String::from_utf8_lossy(&bytes).contains(wanted.as_str());
            return if found { Attempt::Sent } else { Attempt::Later("answer") };
        }
        if matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
            return Attempt::Setup("credentials");
        }
        if status.is_redirection() {
            return Attempt::Setup("redirect");
        }
        if http.permanent_status.contains(&status.as_u16()) {
            return Attempt::Never("refused");
        }
        Attempt::Later("status")
    }
}

/// How what is filled into a body of that type is escaped.
fn escape_for(content_type: &str) -> AutoEscape {
    let kind = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if kind == "application/x-www-form-urlencoded" {
        AutoEscape::Custom("url".into())
    } else if kind.ends_with("/json") || kind.ends_with("+json") {
        AutoEscape::Custom("json".into())
    } else if kind.ends_with("/xml") || kind.ends_with("+xml") || kind == "text/html" {
        AutoEscape::Html
    } else {
        AutoEscape::None
    }
}

fn write_escaped(out: &mut Output, state: &mut State, value: &Value) -> Result<(), Error> {
    let AutoEscape::Custom(how) = state.auto_escape().clone() else {
        return minijinja::escape_formatter(out, state, value);
    };
    let text = value.to_string();
    let escaped = match how.as_ref() {
        _ if value.is_safe() => text,
        "url" => percent_encoded(&text),
        "json" => {
            let quoted = serde_json::to_string(&text).unwrap_or_default();
            quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or_default().to_owned()
        }
        _ => text.chars().filter(|c| !c.is_control()).collect(),
    };
    Ok(out.write_str(&escaped)?)
}

/// A value as JSON, with its quotation marks. In a JSON body that is all; elsewhere it is escaped like any other text.
fn json(state: &State, value: Value) -> Result<Value, Error> {
    if value.is_undefined() {
        return Err(ErrorKind::UndefinedError.into());
    }
    let text = serde_json::to_string(&value)
        .map_err(|_| Error::new(ErrorKind::InvalidOperation, "cannot be written as JSON"))?;
    let in_json = matches!(state.auto_escape(), AutoEscape::Custom(how) if how.as_ref() == "json");
    Ok(if in_json { Value::from_safe_string(text) } else { Value::from(text) })
}

/// Everything but unreserved characters (RFC 3986 section 2.3) as `%XX`.
fn percent_encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

mod url_parts {
    use reqwest::Url;

    /// Where a URL leads: scheme, host and port.
    #[derive(Debug, Clone, Default, PartialEq, Eq)]
    pub(super) struct Origin(Option<(String, String, u16)>);

    impl Origin {
        pub(super) fn of(url: &Url) -> Self {
            let plain = url.username().is_empty() && url.password().is_none();
            let known = url.host_str().zip(url.port_or_known_default()).filter(|_| plain);
            Self(known.map(|(host, port)| (url.scheme().to_owned(), host.to_owned(), port)))
        }

        /// Whether numbers and codes would cross a network in the clear.
        pub(super) fn is_plain_to_far(&self) -> bool {
            let plain = |scheme: &str, host: &str| scheme == "http" && !crate::outbound::is_near(host);
            self.0.as_ref().is_some_and(|(scheme, host, _)| plain(scheme, host))
        }

        pub(super) fn is_web(&self) -> bool {
            self.0.as_ref().is_some_and(|(scheme, ..)| matches!(scheme.as_str(), "http" | "https"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gateway(toml: &str) -> Result<Gateway, LettersError> {
        let _ = rustls::crypto::ring::default_provider().install_default();
        Gateway::new(&toml::from_str(toml).unwrap())
    }

    fn filled(toml: &str, text: &str) -> (String, HeaderMap, String) {
        let id = EnvelopeId::from_parts(0, &[0; 10]);
        let (url, headers, body) =
            gateway(toml).unwrap().filled(Text { id, to: "+46701234567", text }).unwrap();
        (url.to_string(), headers, body)
    }

    #[test]
    fn a_form_is_escaped_without_being_asked_to() {
        let (_, _, body) = filled("[http]\nurl = \"https://g.example/\"\n", "a&to=+1 ö");
        assert_eq!(body, "from=Nod&to=%2B46701234567&message=a%26to%3D%2B1%20%C3%B6");
    }

    #[test]
    fn json_is_escaped_inside_and_outside_of_quotation_marks() {
        let toml = r#"
            [http]
            url = "https://g.example/{{ user }}/send?to={{ to }}"
            user = "a/b"
            content_type = "application/json; charset=utf-8"
            body = '{"text":"{{ text }}","again":{{ text | json }},"to":{{ to | digits }}}'
        "#;
        let (url, headers, body) = filled(toml, "say \"hi\"\n</x>");
        assert_eq!(url, "https://g.example/a%2Fb/send?to=%2B46701234567");
        assert_eq!(headers.get("content-type").unwrap(), "application/json; charset=utf-8");
        let value: serde_json::Value = serde_json::from_str(&body).unwrap();
        assert_eq!(value["text"], "say \"hi\"\n</x>");
        assert_eq!(value["again"], value["text"]);
        assert_eq!(value["to"], 46_701_234_567_u64);
    }

    #[test]
    fn the_json_filter_is_escaped_where_json_is_not_what_is_written() {
        let toml = r#"
            [http]
            url = "https://g.example/send?to={{ to | json }}&q={{ text | json }}"
            headers = { X-Text = "{{ text | json }}" }
            body = "message={{ text | json }}&to={{ to }}"
        "#;
        let (url, headers, body) = filled(toml, "a&to=+1#\n\u{7f}");
        let quoted = "%22a%26to%3D%2B1%23%5Cn%7F%22";
        assert_eq!(url, format!("https://g.example/send?to=%22%2B46701234567%22&q={quoted}"));
        assert_eq!(body, format!("message={quoted}&to=%2B46701234567"));
        assert_eq!(headers.get("x-text").unwrap(), "\"a&to=+1#\\n\"");
        let xml = "[http]\nurl = \"https://g.example/\"\ncontent_type = \"text/xml\"\nbody = \"<a>{{ text | json }}</a>\"";
        assert_eq!(filled(xml, "</a>").2, "<a>&quot;&lt;&#x2f;a&gt;&quot;</a>");
    }

    #[test]
    fn what_is_not_set_is_named_in_whatever_expression_it_stands() {
        for (name, expression) in [
            ("secret", "{{ secret }}"),
            ("secret", "{{ ('a' ~ ':' ~ secret) | base64 }}"),
            ("user", "{{ (user ~ ':') | base64 }}"),
            ("user", "{{ user | json }}"),
            ("user", "{{ user | base64 }}"),
            ("user", "{{ user | urlencode }}"),
            ("secret", "{{ secret | digits }}"),
        ] {
            let toml =
                format!("[http]\nurl = \"https://g.example/\"\nheaders = {{ X-A = \"{expression}\" }}");
            let error = gateway(&toml).err().unwrap_or_else(|| panic!("{expression} is taken")).to_string();
            let named = format!("sms.http.{name} is not set");
            assert!(error.contains("sms.http.headers") && error.contains(&named), "{expression}: {error}");
        }
    }

    #[test]
    fn a_header_holds_no_second_one_and_is_not_shown() {
        let toml = r#"
            [http]
            url = "https://g.example/"
            user = "ann"
            secret = "s3cret"
            headers = { Authorization = "Basic {{ (user ~ ':' ~ secret) | base64 }}", X-Text = "{{ text }}" }
        "#;
        let (_, headers, _) = filled(toml, "a\r\nX-Other: b");
        assert_eq!(headers.get("authorization").unwrap(), "Basic YW5uOnMzY3JldA==");
        assert_eq!(headers.get("x-text").unwrap(), "aX-Other: b");
        assert_eq!(headers.get("x-other"), None);
        assert!(!format!("{headers:?}").contains("YW5u"), "a header's value is in a debug text");
    }

    #[test]
    fn codes_cross_no_network_in_the_clear_unless_the_operator_says_so() {
        for near in ["http://localhost:9/", "http://10.0.0.7/send", "http://[fd00::7]/"] {
            assert!(gateway(&format!("[http]\nurl = \"{near}\"")).is_ok(), "{near}");
        }
        let far = "[http]\nurl = \"http://g.example/send\"";
        let error = gateway(far).err().map(|error| error.to_string()).unwrap_or_default();
        assert!(error.contains("sms.http.url") && error.contains("allow_plaintext"), "{error}");
        assert!(gateway(&format!("{far}\nallow_plaintext = true")).is_ok());
    }

    #[test]
    fn what_cannot_be_used_is_named_at_the_start() {
        for (toml, named) in [
            ("[http]\nurl = \"https://{{ text }}.example/\"", "sms.http.url"),
            ("[http]\nurl = \"ftp://g.example/\"", "sms.http.url"),
            ("[http]\nurl = \"https://g.example/{{ nobody }}\"", "sms.http.url"),
            ("[http]\nurl = \"https://g.example/\"\nbody = \"{{ secret }}\"", "sms.http.body"),
            ("[http]\nurl = \"https://g.example/\"\nbody = \"{{ text\"", "sms.http.body"),
            ("[http]\nurl = \"https://g.example/\"\nheaders = { \"a b\" = \"c\" }", "sms.http.headers"),
            (
                "[http]\nurl = \"https://g.example/\"\nsecret_file = \"/does/not/exist\"",
                "sms.http.secret_file",
            ),
            ("[http]\nurl = \"https://g.example/\"\nca_file = \"/does/not/exist\"", "sms.http.ca_file"),
        ] {
            let error = gateway(toml).err().unwrap_or_else(|| panic!("{toml} is taken"));
            assert!(error.to_string().contains(named), "{toml}: {error}");
        }
    }
}
