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
    "portal/activity.html",
    "portal/address-code.html",
    "portal/address.html",
    "portal/app-add.html",
    "portal/app-code.html",
    "portal/challenge.html",
    "portal/confirm.html",
    "portal/home.html",
    "portal/layout.html",
    "portal/method-remove.html",
    "portal/phone-add.html",
    "portal/phone-adding.html",
    "portal/phone-remove.html",
    "portal/phones.html",
    "portal/recovery-codes.html",
    "portal/recovery-shown.html",
    "portal/recovery.html",
    "portal/signed-out.html",
    "portal/suspended.html",
    "portal/test.html",
    "console/layout.html",
    "console/door.html",
    "console/error.html",
    "console/sign-in.html",
    "console/waiting.html",
    "console/invited.html",
    "console/join.html",
    "console/joined.html",
    "console/find.html",
    "console/events.html",
    "console/user.html",
    "console/ticket.html",
    "console/fobs.html",
    "console/audit.html",
    "console/operators.html",
};
