//! The pages, embedded in the binary, with their media types.

use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};

use super::problem::Problem;

/// A path under `assets/` and what is there.
macro_rules! embed {
    ($($path:literal),* $(,)?) => {
        [$(($path, include_str!(concat!("assets/", $path)))),*]
    };
}

static FILES: [(&str, &str); 47] = embed![
    "login/app.js",
    "login/index.html",
    "login/logo.svg",
    "login/mailbox.css",
    "login/mailbox.html",
    "login/mailbox.js",
    "login/mailbox/copy.js",
    "login/mailbox/pocket.js",
    "login/screens/challenge.js",
    "login/screens/code.js",
    "login/screens/devices.js",
    "login/screens/done.js",
    "login/screens/enrol.js",
    "login/screens/parts.js",
    "login/screens/push.js",
    "login/screens/sign-in.js",
    "login/screens/ways.js",
    "login/strings.en.js",
    "login/style.css",
    "phone/app.js",
    "phone/codes.css",
    "phone/index.html",
    "phone/move.css",
    "phone/scan.js",
    "phone/screens.css",
    "phone/screens/account.js",
    "phone/screens/accounts.js",
    "phone/screens/add.js",
    "phone/screens/challenge.js",
    "phone/screens/code.js",
    "phone/screens/codes.js",
    "phone/screens/enrolling.js",
    "phone/screens/history.js",
    "phone/screens/move-new.js",
    "phone/screens/move-old.js",
    "phone/screens/moving.js",
    "phone/screens/outcome.js",
    "phone/strings.en.js",
    "phone/style.css",
    "shared/base.css",
    "shared/components.css",
    "shared/countdown.js",
    "shared/dom.js",
    "shared/icons.svg",
    "shared/net.js",
    "shared/nod.svg",
    "shared/text.js",
];

/// The file at `path`, which has no leading slash; not found where there is none.
pub(super) fn answer(path: &str) -> Response {
    let Some((_, body)) = FILES.iter().find(|(name, _)| *name == path) else {
        return Problem::not_found().into_response();
    };
    ([(CONTENT_TYPE, media_type(path)), (CACHE_CONTROL, "no-cache")], *body).into_response()
}

/// The file that a site serves at the URL path `path`: its own folder and `shared/`. A page itself is not among them.
pub(super) fn of_site(site: &str, path: &str) -> Response {
    let path = path.strip_prefix('/').unwrap_or(path);
    let folder = path.split('/').next().unwrap_or_default();
    if (folder == site || folder == "shared") && !path.ends_with(".html") {
        answer(path)
    } else {
        Problem::not_found().into_response()
    }
}

fn media_type(path: &str) -> &'static str {
    match path.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn walk(folder: &Path, found: &mut Vec<String>, root: &Path) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found, root);
            } else if path.extension().is_none_or(|end| end != "md") {
                found.push(path.strip_prefix(root).unwrap().to_str().unwrap().to_owned());
            }
        }
    }

    #[test]
    fn every_page_file_is_embedded_and_has_a_media_type() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/demo/assets");
        let mut found = Vec::new();
        walk(&root, &mut found, &root);
        found.sort();
        let embedded: Vec<String> = FILES.iter().map(|(path, _)| (*path).to_owned()).collect();
        assert_eq!(embedded, found);
        for path in found {
            assert_ne!(media_type(&path), "application/octet-stream", "{path}");
        }
    }

    #[test]
    fn a_site_serves_its_own_files_and_no_others() {
        assert_eq!(of_site("login", "/login/app.js").status(), 200);
        assert_eq!(of_site("login", "/shared/net.js").status(), 200);
        for path in ["/phone/app.js", "/login/../phone/app.js", "/login", "/", "", "/login/index.html"] {
            assert_eq!(of_site("login", path).status(), 404, "{path}");
        }
    }

    #[test]
    fn no_page_has_a_script_or_a_style_in_it_or_asks_another_host() {
        for (path, body) in &FILES {
            if path.ends_with(".html") {
                assert!(!body.contains("<style") && !body.contains("style="), "{path}");
                assert!(!body.contains("onclick") && !body.contains("<script>"), "{path}");
                assert!(!body.contains("http://") && !body.contains("https://"), "{path}");
            }
        }
    }
}
