//! What operators may do: roles, the rights that each gives, and how a claim of an OpenID provider gives roles.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use crate::settings::RoleValues;

/// A role of an operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Finds users, issues reset tickets, suspends, revokes phones.
    Helpdesk,
    /// Finds users, assigns and revokes key fobs.
    Fobs,
    /// Reads users and the audit log, and changes nothing.
    Auditor,
    /// All of it, and the operators.
    Admin,
}

impl Role {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Helpdesk, Self::Fobs, Self::Auditor, Self::Admin];

    /// Its name in settings, claims and the REST interface.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Helpdesk => "helpdesk",
            Self::Fobs => "fobs",
            Self::Auditor => "auditor",
            Self::Admin => "admin",
        }
    }

    const fn bit(self) -> u8 {
        match self {
            Self::Helpdesk => 1,
            Self::Fobs => 2,
            Self::Auditor => 4,
            Self::Admin => 8,
        }
    }

    /// Whether the role gives a right.
    #[must_use]
    pub const fn gives(self, right: Right) -> bool {
        match right {
            Right::Look => true,
            Right::Help => matches!(self, Self::Helpdesk | Self::Admin),
            Right::Fobs => matches!(self, Self::Fobs | Self::Admin),
            Right::Audit => matches!(self, Self::Auditor | Self::Admin),
            Right::Operators => matches!(self, Self::Admin),
        }
    }
}

/// What a page or an action of the console asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Right {
    /// To find a user and read the user's page.
    Look,
    /// To issue, approve and withdraw tickets, to suspend, to revoke phones.
    Help,
    /// To assign, revoke and resynchronise key fobs.
    Fobs,
    /// To read the audit log.
    Audit,
    /// To invite, change and remove operators.
    Operators,
}

impl Right {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Look, Self::Help, Self::Fobs, Self::Audit, Self::Operators];
}

/// A set of roles; in JSON a list of their names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RoleSet(u8);

impl RoleSet {
    /// No role: its bearer may do nothing.
    pub const NONE: Self = Self(0);

    /// The set of these roles.
    #[must_use]
    pub fn of(roles: &[Role]) -> Self {
        Self(roles.iter().fold(0, |set, role| set | role.bit()))
    }

    /// Whether it is empty.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether it holds `role`.
    #[must_use]
    pub const fn has(self, role: Role) -> bool {
        self.0 & role.bit() != 0
    }

    /// Its roles.
    pub fn roles(self) -> impl Iterator<Item = Role> {
        Role::ALL.into_iter().filter(move |role| self.has(*role))
    }

    /// Whether one of the roles gives a right.
    #[must_use]
    pub fn gives(self, right: Right) -> bool {
        self.roles().any(|role| role.gives(right))
    }

    /// The roles that an OpenID provider's claims give. The claim at `path` (names joined by dots; a name that holds dots
    /// itself is found too) is one text, several in one text with spaces, or a list of texts.
    #[must_use]
    pub fn of_claims(claims: &Value, path: &str, values: &RoleValues) -> Self {
        let Some(claim) = find(claims, path) else { return Self::NONE };
        let given: Vec<&str> = match claim {
            Value::String(text) => text.split_whitespace().chain([text.as_str()]).collect(),
            Value::Array(items) => items.iter().filter_map(Value::as_str).collect(),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => Vec::new(),
        };
        let named = |known: &[String]| known.iter().any(|value| given.contains(&value.as_str()));
        let roles = [
            (Role::Helpdesk, &values.helpdesk),
            (Role::Fobs, &values.fobs),
            (Role::Auditor, &values.auditor),
            (Role::Admin, &values.admin),
        ];
        let given: Vec<Role> =
            roles.into_iter().filter(|(_, known)| named(known)).map(|(role, _)| role).collect();
        Self::of(&given)
    }
}

/// Whether there is such a claim at all.
#[must_use]
pub fn has_claim(claims: &Value, path: &str) -> bool {
    find(claims, path).is_some()
}

fn find<'a>(claims: &'a Value, path: &str) -> Option<&'a Value> {
    if let Some(whole) = claims.get(path) {
        return Some(whole);
    }
    path.split('.').try_fold(claims, |value, name| value.get(name))
}

impl Serialize for RoleSet {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_seq(self.roles())
    }
}

impl<'de> Deserialize<'de> for RoleSet {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        Vec::<Role>::deserialize(d).map(|roles| Self::of(&roles))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn values() -> RoleValues {
        RoleValues {
            helpdesk: vec!["support".to_owned(), "servicedesk team".to_owned()],
            admin: vec!["root".to_owned()],
            ..RoleValues::default()
        }
    }

    #[test]
    fn a_role_gives_what_it_is_for_and_nothing_else() {
        let table = |right| Role::ALL.map(|role| role.gives(right));
        assert_eq!(table(Right::Look), [true; 4]);
        assert_eq!(table(Right::Help), [true, false, false, true]);
        assert_eq!(table(Right::Fobs), [false, true, false, true]);
        assert_eq!(table(Right::Audit), [false, false, true, true]);
        assert_eq!(table(Right::Operators), [false, false, false, true]);
        assert!(Right::ALL.iter().all(|right| !RoleSet::NONE.gives(*right)));
    }

    #[test]
    fn a_claim_gives_roles_by_its_exact_values() {
        let roles = |claim: Value| RoleSet::of_claims(&json!({ "a": { "b": claim } }), "a.b", &values());
        assert_eq!(roles(json!(["support", "root", "x"])), RoleSet::of(&[Role::Helpdesk, Role::Admin]));
        assert_eq!(roles(json!("x support")), RoleSet::of(&[Role::Helpdesk]));
        assert_eq!(roles(json!("servicedesk team")), RoleSet::of(&[Role::Helpdesk]));
        for other in
            [json!("Support"), json!("supports"), json!([["root"]]), json!({ "root": true }), json!(1)]
        {
            assert!(roles(other.clone()).is_empty(), "{other}");
        }
        assert!(RoleSet::of_claims(&json!({ "a": "root" }), "a.b", &values()).is_empty());
    }

    #[test]
    fn a_claim_whose_name_holds_dots_is_found() {
        let claims = json!({ "https://nod.example/roles": ["root"] });
        let roles = RoleSet::of_claims(&claims, "https://nod.example/roles", &values());
        assert_eq!(roles, RoleSet::of(&[Role::Admin]));
    }

    #[test]
    fn a_set_is_a_list_of_names_in_json() {
        let set = RoleSet::of(&[Role::Admin, Role::Fobs]);
        assert_eq!(serde_json::to_value(set).unwrap(), json!(["fobs", "admin"]));
        assert_eq!(serde_json::from_value::<RoleSet>(json!(["admin", "fobs"])).unwrap(), set);
        assert!(serde_json::from_value::<RoleSet>(json!(["owner"])).is_err());
    }
}
