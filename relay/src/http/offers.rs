//! Methods and codes as answers show them.

use nod_login::rows::CodeDelivery;
use nod_login::{Acr, CodeView, MethodKind, MethodOffer, MethodView, Profile, UnixMillis};
use nod_protocol::MethodId;
use serde::Serialize;

/// A method that a login page may offer.
#[derive(Serialize)]
pub(super) struct Offer {
    #[serde(skip_serializing_if = "Option::is_none")]
    method_id: Option<MethodId>,
    kind: MethodKind,
    label: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
    acr: Acr,
}

impl From<MethodOffer> for Offer {
    fn from(offer: MethodOffer) -> Self {
        let MethodOffer { id, kind, label, hint, acr } = offer;
        Self { method_id: id, kind, label, hint, acr }
    }
}

/// What a login page needs to ask for a code.
#[derive(Serialize)]
pub(super) struct Code {
    #[serde(skip_serializing_if = "Option::is_none")]
    digits: Option<u8>,
    tries_left: u32,
    delivery: CodeDelivery,
    resends_left: u32,
    resend_after_s: u64,
}

impl From<CodeView> for Code {
    fn from(view: CodeView) -> Self {
        let CodeView { digits, tries_left, delivery, resends_left, resend_after_s } = view;
        Self { digits, tries_left, delivery, resends_left, resend_after_s }
    }
}

/// One of a user's methods.
#[derive(Serialize)]
pub(super) struct Method {
    method_id: MethodId,
    kind: MethodKind,
    label: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
    acr: Acr,
    confirmed: bool,
    usable: bool,
    primary: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    count: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    digits: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    counter_based: Option<bool>,
    created_at: UnixMillis,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_used_at: Option<UnixMillis>,
}

impl Method {
    pub(super) fn new(view: MethodView, primary: Option<MethodId>) -> Self {
        Self {
            primary: primary == Some(view.id),
            counter_based: (view.kind == MethodKind::Fob).then_some(view.counter_based),
            method_id: view.id,
            kind: view.kind,
            label: view.label,
            hint: view.hint,
            acr: view.acr,
            confirmed: view.confirmed,
            usable: view.usable,
            count: view.count,
            digits: view.digits,
            created_at: view.created,
            last_used_at: view.last_used,
        }
    }
}

/// A user's methods and standing.
#[derive(Serialize)]
pub(super) struct Methods {
    user: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    language: Option<nod_login::Language>,
    #[serde(skip_serializing_if = "Option::is_none")]
    suspended_at: Option<UnixMillis>,
    #[serde(skip_serializing_if = "Option::is_none")]
    locked_until: Option<UnixMillis>,
    #[serde(skip_serializing_if = "Option::is_none")]
    primary: Option<MethodId>,
    methods: Vec<Method>,
}

impl From<Profile> for Methods {
    fn from(profile: Profile) -> Self {
        let primary = profile.primary().map(|method| method.id);
        Self {
            user: profile.user,
            language: profile.language,
            suspended_at: profile.suspended,
            locked_until: profile.locked_until,
            primary,
            methods: profile.methods.into_iter().map(|view| Method::new(view, primary)).collect(),
        }
    }
}
