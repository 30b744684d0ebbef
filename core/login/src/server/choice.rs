//! Which method a challenge uses, and which others the user may switch to (docs/methods.md, "Challenges").

use nod_protocol::{MethodId, NumberPolicy};

use super::{ChallengeError, MethodChoice, MethodOffer, MethodView};
use crate::letter::Channel;
use crate::method::{Acr, KindSet, Language, MethodKind};
use crate::service::Policy;
use crate::steps::codes;
use crate::steps::user::{User, address_of};
use crate::typed::SENT_DIGITS;

/// What a login server takes for one login.
#[derive(Debug, Clone, Copy)]
pub(super) struct Takes {
    pub(super) policy: Policy,
    number: NumberPolicy,
    accept: Option<KindSet>,
    /// Without a key to seal with there is nothing but push.
    codes: bool,
}

/// What a challenge asks.
#[derive(Debug, Clone)]
pub(super) enum Chosen {
    /// The phones.
    Push,
    /// A code.
    Code(CodeChoice),
}

/// A method that is answered with a code.
#[derive(Debug, Clone)]
pub(super) struct CodeChoice {
    /// None for the helpdesk's ticket, and when nothing fits and nobody must learn it.
    pub(super) id: Option<MethodId>,
    pub(super) kind: MethodKind,
    /// How the page shows it.
    pub(super) offer: MethodOffer,
    pub(super) digits: Option<u8>,
    /// Where the code is sent to.
    pub(super) to: Option<SendTo>,
    pub(super) language: Language,
}

/// Where a code is sent to.
#[derive(Debug, Clone)]
pub(super) struct SendTo {
    pub(super) channel: Channel,
    /// The address, sealed.
    pub(super) sealed: String,
}

impl Chosen {
    /// Digits of the code.
    pub(super) const fn digits(&self) -> Option<u8> {
        match self {
            Self::Push => None,
            Self::Code(code) => code.digits,
        }
    }

    /// Whether a code is sent, or has to look as if it were.
    pub(super) const fn sends(&self) -> bool {
        match self {
            Self::Push => false,
            Self::Code(code) => code.sends(),
        }
    }
}

impl CodeChoice {
    /// Whether the code is sent, or has to look as if it were.
    pub(super) const fn sends(&self) -> bool {
        matches!(self.kind, MethodKind::Email | MethodKind::Sms)
    }
}

/// The kinds that reach one of the levels, and the number matching that it takes: push counts when its level under
/// `number` is one of them, and is raised to two digits when a number is asked for and a tap is not enough.
pub(super) fn accepted(levels: Option<&[Acr]>, number: NumberPolicy) -> (Option<KindSet>, NumberPolicy) {
    let Some(levels) = levels else { return (None, number) };
    let raised = if levels.contains(&Acr::PushNumber) && !levels.contains(&Acr::PushTap) {
        number.max(NumberPolicy::Two)
    } else {
        number
    };
    let kinds: Vec<_> =
        MethodKind::ALL.into_iter().filter(|kind| levels.contains(&kind.acr(raised))).collect();
    (Some(KindSet::of(&kinds)), raised)
}

/// Whether it is the phones that are wanted.
pub(super) fn is_push(choice: Option<MethodChoice>, push: MethodId) -> bool {
    choice.is_some_and(|choice| match choice {
        MethodChoice::Kind(kind) => kind == MethodKind::Push,
        MethodChoice::Id(id) => id == push,
    })
}

impl Takes {
    pub(super) const fn new(
        policy: &Policy,
        number: NumberPolicy,
        accept: Option<KindSet>,
        codes: bool,
    ) -> Self {
        Self { policy: *policy, number, accept, codes }
    }

    /// Whether a kind is taken.
    pub(super) fn kind(&self, kind: MethodKind) -> bool {
        (kind == MethodKind::Push || self.codes)
            && !self.policy.methods.forbidden.has(kind)
            && self.accept.is_none_or(|accept| accept.has(kind))
    }

    /// How a user is refused who has nothing that is taken. Where there is nothing but push, that is a device.
    pub(super) const fn nothing(&self) -> ChallengeError {
        if self.codes { ChallengeError::NoMethod } else { ChallengeError::NoDevice }
    }

    /// A method as the login page shows it. Where nobody must learn who has one, an e-mail code says nothing of where
    /// it goes.
    pub(super) fn offer(&self, view: &MethodView) -> MethodOffer {
        let acr = view.kind.acr(self.number);
        if view.kind == MethodKind::Email && self.policy.methods.conceal_unknown {
            return bare(MethodKind::Email, acr);
        }
        MethodOffer { acr, ..MethodOffer::from(view) }
    }

    /// A method of which only the kind is known: it is gone, or there is none, or it is a ticket.
    pub(super) fn bare(&self, kind: MethodKind, id: Option<MethodId>) -> MethodOffer {
        MethodOffer { id, ..bare(kind, kind.acr(self.number)) }
    }

    pub(super) fn offer_of(&self, chosen: &Chosen, push: MethodId) -> MethodOffer {
        match chosen {
            Chosen::Push => self.bare(MethodKind::Push, Some(push)),
            Chosen::Code(code) => code.offer.clone(),
        }
    }
}

const fn bare(kind: MethodKind, acr: Acr) -> MethodOffer {
    MethodOffer { id: None, kind, label: String::new(), hint: None, acr }
}

/// Chooses what to ask; none when nothing fits.
pub(super) fn choose(
    takes: &Takes,
    user: &User,
    views: &[MethodView],
    choice: Option<MethodChoice>,
    push_off: bool,
) -> Option<Chosen> {
    let mut fit = views.iter().filter(|view| view.usable && takes.kind(view.kind));
    let ticket = || has_ticket(takes, user).then(|| plain(takes, user, MethodKind::Helpdesk, None));
    let conceal = || {
        let concealed = takes.policy.methods.conceal_unknown && takes.kind(MethodKind::Email);
        concealed.then(|| plain(takes, user, MethodKind::Email, Some(SENT_DIGITS)))
    };
    let chosen = |view: &MethodView| of_view(takes, user, view);
    match choice {
        Some(MethodChoice::Id(id)) => fit.find(|view| view.id == id).map(chosen),
        Some(MethodChoice::Kind(MethodKind::Helpdesk)) => ticket(),
        Some(MethodChoice::Kind(kind)) => fit
            .find(|view| view.kind == kind)
            .map(chosen)
            .or_else(|| (kind == MethodKind::Email).then(conceal).flatten()),
        None => {
            let fit: Vec<_> = fit.collect();
            let ordinary = || fit.iter().filter(|view| view.kind != MethodKind::Recovery);
            let reachable = ordinary().find(|view| view.kind != MethodKind::Push || !push_off);
            let rescue =
                || fit.iter().find(|view| view.kind == MethodKind::Recovery).map(|view| chosen(view));
            reachable
                .map(|view| chosen(view))
                .or_else(rescue)
                .or_else(ticket)
                // Push that is off says so.
                .or_else(|| ordinary().next().map(|view| chosen(view)))
                .or_else(conceal)
        }
    }
}

fn of_view(takes: &Takes, user: &User, view: &MethodView) -> Chosen {
    if view.kind == MethodKind::Push {
        return Chosen::Push;
    }
    let to = user.method(view.id).and_then(|method| address_of(&method.data));
    let to = to.map(|(channel, address)| SendTo { channel, sealed: address.sealed.clone() });
    Chosen::Code(CodeChoice {
        id: Some(view.id),
        kind: view.kind,
        offer: takes.offer(view),
        digits: if to.is_some() { Some(SENT_DIGITS) } else { view.digits },
        to,
        language: user.row.language.unwrap_or_default(),
    })
}

fn plain(takes: &Takes, user: &User, kind: MethodKind, digits: Option<u8>) -> Chosen {
    let (offer, language) = (takes.bare(kind, None), user.row.language.unwrap_or_default());
    Chosen::Code(CodeChoice { id: None, kind, offer, digits, to: None, language })
}

fn has_ticket(takes: &Takes, user: &User) -> bool {
    takes.kind(MethodKind::Helpdesk) && codes::open_ticket(user).is_some()
}

/// The other methods that the user may switch to.
pub(super) fn others(
    takes: &Takes,
    user: &User,
    views: &[MethodView],
    present: &MethodOffer,
    push_off: bool,
) -> Vec<MethodOffer> {
    let mut others: Vec<_> = views
        .iter()
        .filter(|view| view.usable && takes.kind(view.kind))
        .filter(|view| view.kind != MethodKind::Push || !push_off)
        .map(|view| takes.offer(view))
        .filter(|offer| (offer.id, offer.kind) != (present.id, present.kind))
        .collect();
    if present.kind != MethodKind::Helpdesk && has_ticket(takes, user) {
        others.push(takes.bare(MethodKind::Helpdesk, None));
    }
    others
}
