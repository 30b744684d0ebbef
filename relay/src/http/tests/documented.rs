//! The OpenAPI document and the routes say the same.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::super::{Access, OPENAPI, Slug, routes};

fn document() -> Value {
    serde_json::from_str(OPENAPI).unwrap()
}

#[test]
fn every_route_is_documented_and_nothing_else_is() {
    let document = document();
    let mut documented = BTreeMap::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let security = operation["security"][0].as_object();
            let access = security.map(|schemes| schemes.keys().next().unwrap().clone()).unwrap_or_default();
            documented.insert((path.clone(), method.to_uppercase()), access);
        }
    }
    documented.remove(&(crate::ws::DEVICE_PATH.to_owned(), "GET".to_owned())).unwrap();
    let routes: BTreeMap<_, _> = routes()
        .iter()
        .map(|route| {
            let access = match route.access {
                Access::Open => "",
                Access::Service => "apiKey",
                Access::Operator => "adminKey",
            };
            ((route.path.to_owned(), route.method.to_string()), access.to_owned())
        })
        .collect();
    assert_eq!(routes, documented);
}

#[test]
fn every_problem_is_documented() {
    let document = document();
    let listed =
        document["components"]["schemas"]["Problem"]["properties"]["type"]["enum"].as_array().unwrap();
    let listed: BTreeSet<&str> = listed.iter().map(|slug| slug.as_str().unwrap()).collect();
    let known: BTreeSet<String> =
        Slug::ALL.iter().map(|slug| format!("urn:nod:problem:{}", slug.parts().0)).collect();
    assert_eq!(listed, known.iter().map(String::as_str).collect());
}

#[test]
fn every_reference_leads_somewhere() {
    fn walk(value: &Value, document: &Value) {
        match value {
            Value::Object(members) => {
                if let Some(to) = members.get("$ref").and_then(Value::as_str) {
                    assert!(document.pointer(to.trim_start_matches('#')).is_some(), "{to}");
                }
                members.values().for_each(|inner| walk(inner, document));
            }
            Value::Array(items) => items.iter().for_each(|inner| walk(inner, document)),
            _ => {}
        }
    }
    let document = document();
    walk(&document, &document);
}
