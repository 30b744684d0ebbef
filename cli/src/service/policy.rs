//! `nod service policy`: what a service asks of its users' methods, and where its portal may lead back to.

use nod_login::{KindSet, MethodKind, MethodPolicy};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::args::PolicyArgs;
use crate::error::CliError;
use crate::exit::Exit;
use crate::out::{Out, clean};
use crate::rest::Rest;

#[derive(Serialize, Deserialize)]
struct Said {
    methods: MethodPolicy,
    portal_return: Vec<String>,
}

/// Changes what `args` name, and shows what holds then.
///
/// # Errors
/// [`CliError`].
pub(super) async fn run(rest: &Rest, args: &PolicyArgs, out: Out) -> Result<Exit, CliError> {
    let mut methods = members(args);
    if !(args.forbid.is_empty() && args.allow.is_empty()) {
        let said: Said = rest.get(&["service"], &[]).await?;
        methods.insert("forbidden".to_owned(), json!(forbidden(said.methods.forbidden, args)));
    }
    let mut change = Map::new();
    if !methods.is_empty() {
        change.insert("methods".to_owned(), Value::Object(methods));
    }
    if let Some(origins) = &args.portal_return {
        let origins: Vec<&String> = origins.iter().filter(|origin| !origin.is_empty()).collect();
        change.insert("portal_return".to_owned(), json!(origins));
    }
    let said: Said = if change.is_empty() {
        rest.get(&["service"], &[]).await?
    } else {
        rest.patch(&["service"], &change).await?
    };
    out.answer(&said, || words(&said))?;
    Ok(Exit::Done)
}

fn members(args: &PolicyArgs) -> Map<String, Value> {
    let all = [
        ("new_is_primary", args.new_is_primary.map(Value::from)),
        ("code_life_s", args.code_life_s.map(Value::from)),
        ("tries", args.tries.map(Value::from)),
        ("resends", args.resends.map(Value::from)),
        ("resend_after_s", args.resend_after_s.map(Value::from)),
        ("sends_per_hour", args.sends_per_hour.map(Value::from)),
        ("wrong_before_lock", args.wrong_before_lock.map(Value::from)),
        ("lock_s", args.lock_s.map(Value::from)),
        ("conceal_unknown", args.conceal_unknown.map(Value::from)),
        ("two_persons", args.two_persons.map(Value::from)),
    ];
    all.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}

fn forbidden(now: KindSet, args: &PolicyArgs) -> KindSet {
    let kinds: Vec<MethodKind> = MethodKind::ALL
        .into_iter()
        .filter(|kind| (now.has(*kind) || args.forbid.contains(kind)) && !args.allow.contains(kind))
        .collect();
    KindSet::of(&kinds)
}

fn words(said: &Said) -> String {
    let MethodPolicy {
        forbidden,
        new_is_primary,
        code_life_s,
        tries,
        resends,
        resend_after_s,
        sends_per_hour,
        wrong_before_lock,
        lock_s,
        conceal_unknown,
        two_persons,
    } = &said.methods;
    let kinds: Vec<&str> = forbidden.kinds().map(MethodKind::name).collect();
    let yes = |yes: &bool| if *yes { "yes" } else { "no" };
    let none = |list: String| if list.is_empty() { "none".to_owned() } else { list };
    let lines = [
        ("methods that are not taken", none(kinds.join(", "))),
        ("a new method is asked first", yes(new_is_primary).to_owned()),
        ("a code lives", format!("{code_life_s} s")),
        ("wrong codes that end a challenge", tries.to_string()),
        ("a code is sent again", format!("{resends} times, {resend_after_s} s apart")),
        ("codes sent to one user per hour", sends_per_hour.to_string()),
        ("wrong codes that lock codes", format!("{wrong_before_lock}, for {lock_s} s")),
        ("unknown users are concealed", yes(conceal_unknown).to_owned()),
        ("a reset ticket, and a key fob given in the console, need two persons", yes(two_persons).to_owned()),
        ("the portal leads back to", none(clean(&said.portal_return.join(", ")))),
    ];
    lines.map(|(name, value)| format!("{name:<34}{value}")).join("\n")
}
