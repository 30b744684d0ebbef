//! The helpdesk's console: the demo's one operator, who joins with a link and signs in with a phone from then on.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use serde_json::{Value, json};

use super::LoginSite;
use crate::demo::problem::Problem;
use crate::rest::Rest;

/// The operator's name.
pub(super) const OPERATOR: &str = "helga";

#[derive(Deserialize)]
struct Operators {
    operators: Vec<Operator>,
}

#[derive(Deserialize)]
struct Operator {
    name: String,
    #[serde(default)]
    joined_at: Option<u64>,
}

#[derive(Deserialize)]
struct Link {
    join_url: String,
}

/// Where the console is for the operator now: a fresh link to join with, or the page to sign in on. Everybody may ask: the
/// passwords of this site stand on its page, too.
pub(super) async fn open(State(site): State<Arc<LoginSite>>) -> Result<Json<Value>, Problem> {
    let _one = site.inviting.lock().await;
    let admin = &site.admin;
    let known: Operators = admin.get(&["admin", "operators"], &[]).await?;
    let operator = known.operators.iter().find(|operator| operator.name == OPERATOR);
    let url = match operator {
        Some(operator) if operator.joined_at.is_some() => sign_in(admin)?,
        Some(_) => {
            let link: Link = admin.post(&["admin", "operators", OPERATOR, "link"], &json!({})).await?;
            link.join_url
        }
        None => {
            let body = json!({ "name": OPERATOR, "roles": ["helpdesk", "fobs"] });
            let link: Link = admin.post(&["admin", "operators"], &body).await?;
            link.join_url
        }
    };
    Ok(Json(json!({ "url": url })))
}

fn sign_in(admin: &Rest) -> Result<String, Problem> {
    admin.base().join("/console").map(String::from).map_err(|_| Problem::internal())
}
