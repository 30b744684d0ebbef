//! All templates, by the names under which others extend and include them.

macro_rules! templates {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("../../web/templates/", $name)))),*]
    };
}

/// Name and source of each.
pub(super) const ALL: &[(&str, &str)] = templates! {
    "shared/layout.html",
    "shared/parts.html",
    "shared/error.html",
    "portal/layout.html",
    "portal/home.html",
    "portal/signed-out.html",
    "portal/suspended.html",
};
