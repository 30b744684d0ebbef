//! The REST interface over a store in memory and a clock that stands still, called without a socket.

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use nod_login::clock::ManualClock;
use nod_login::test_phone::{Account, TestPhone};
use nod_login::{Clock, LetterBody, LoginServer, Route, Sealed, Sealer as _, UnixMillis};
use nod_protocol::frames::EnvelopeKind;
use nod_protocol::qr::RelayAddress;
use nod_protocol::{MailboxId, OsRandom, Random, ServiceId};
use serde_json::{Value, json};
use tokio_util::task::TaskTracker;
use tower::ServiceExt as _;

use super::super::{Parts, router};
use crate::bus::LocalBus;
use crate::hub::{Hub, HubSettings};
use crate::keys::{AdminKey, MasterKey};
use crate::managed::{self, Counted, Outcomes, Services};
use crate::net::Peer;
use crate::settings::Settings;
use crate::store::letters::{LetterLook, Queue};
use crate::store::{RelayStore, memory};
use crate::waker::NoWaker;
use crate::webhook::Sender;

pub(super) const START: u64 = 1_800_000_000_000;

pub(super) struct Rig {
    pub(super) router: Router,
    pub(super) clock: Arc<ManualClock>,
    pub(super) admin: String,
    pub(super) services: Arc<Services>,
    pub(super) store: RelayStore,
    pub(super) hub: Arc<Hub>,
    pub(super) master: Arc<MasterKey>,
}

pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HashMap<String, String>,
    pub(super) body: Value,
}

impl Answer {
    /// The slug of a problem; the status for anything else.
    pub(super) fn slug(&self) -> String {
        match self.body["type"].as_str() {
            Some(kind) => kind.strip_prefix("urn:nod:problem:").unwrap().to_owned(),
            None => self.status.as_u16().to_string(),
        }
    }

    /// Everything that a caller sees, but for what is drawn anew for each request.
    pub(super) fn seen(&self) -> (u16, Value, Vec<(String, String)>) {
        let mut body = self.body.clone();
        if let Some(members) = body.as_object_mut() {
            members.remove("request_id");
        }
        let mut headers: Vec<_> = self.headers.clone().into_iter().collect();
        headers.retain(|(name, _)| name != "x-request-id");
        headers.sort();
        (self.status.as_u16(), body, headers)
    }
}

pub(super) struct Tenant {
    pub(super) id: ServiceId,
    pub(super) key: String,
}

impl Rig {
    pub(super) async fn new() -> Self {
        Self::with(Settings::default()).await
    }

    pub(super) async fn with(settings: Settings) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let clock = Arc::new(ManualClock::at(UnixMillis(START)));
        let seam: Arc<dyn Clock> = clock.clone();
        let random: Arc<dyn Random> = Arc::new(OsRandom);
        let store = RelayStore::open(memory::open().unwrap()).await.unwrap();
        let hub = Hub::new(HubSettings::default(), Arc::new(LocalBus::new()), Arc::new(NoWaker));
        store.set_sink(hub.clone());
        let master = Arc::new(MasterKey::ephemeral(&OsRandom).unwrap());
        let outcomes = Arc::new(Outcomes::default());
        let services = Arc::new(Services::new(managed::Parts {
            store: store.clone(),
            login_store: Arc::new(Counted::new(store.clone(), Arc::clone(&outcomes))),
            clock: Arc::clone(&seam),
            random: Arc::clone(&random),
            master: Arc::clone(&master),
            relay: RelayAddress::parse("relay.example").unwrap(),
        }));
        let admin = AdminKey::ephemeral(&OsRandom).unwrap();
        let webhooks =
            Sender::new(settings.webhooks.clone(), Arc::clone(&services), store.clone(), Arc::clone(&seam));
        let desk = crate::operators::open(&settings, &store, &services, &seam, &random, &master).unwrap();
        let parts = Parts {
            settings: Arc::new(settings),
            clock: seam,
            random,
            services: Arc::clone(&services),
            store: store.clone(),
            hub: Arc::clone(&hub),
            admin: admin.key,
            master: Arc::clone(&master),
            outcomes,
            webhooks: webhooks.unwrap(),
            letters: Arc::default(),
            wakes: None,
            desk,
            scratch: std::env::temp_dir(),
            tasks: TaskTracker::new(),
        };
        Self {
            router: router(parts, Router::new()),
            clock,
            admin: admin.first_shown.unwrap().to_string(),
            services,
            store,
            hub,
            master,
        }
    }

    /// One request, with headers, from an address.
    pub(super) async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
        from: &str,
    ) -> Answer {
        let mut request = Request::builder().method(Method::from_bytes(method.as_bytes()).unwrap()).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut request = request.body(Body::from(body.to_owned())).unwrap();
        request.extensions_mut().insert(Peer { address: from.parse::<IpAddr>().unwrap() });
        let answer = self.router.clone().oneshot(request).await.unwrap();
        let status = answer.status();
        let headers = answer
            .headers()
            .iter()
            .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
            .collect();
        let bytes = axum::body::to_bytes(answer.into_body(), 1 << 20).await.unwrap();
        let text = String::from_utf8(bytes.to_vec()).unwrap_or_default();
        Answer { status, headers, body: serde_json::from_str(&text).unwrap_or(Value::String(text)) }
    }

    /// One request with a key and a JSON body.
    pub(super) async fn call(&self, method: &str, path: &str, key: &str, body: Value) -> Answer {
        let bearer = format!("Bearer {key}");
        let body = if body.is_null() { String::new() } else { body.to_string() };
        self.send(method, path, &[("authorization", &bearer)], &body, "192.0.2.1").await
    }

    pub(super) async fn tenant(&self, name: &str, mode: &str) -> Tenant {
        let made =
            self.call("POST", "/v1/services", &self.admin, json!({ "name": name, "mode": mode })).await;
        assert_eq!(made.status, 201, "{}", made.body);
        Tenant {
            id: made.body["service_id"].as_str().unwrap().parse().unwrap(),
            key: made.body["api_key"].as_str().unwrap().to_owned(),
        }
    }

    pub(super) async fn login(&self, tenant: &Tenant) -> LoginServer {
        self.services.get(tenant.id).await.unwrap().unwrap().login().unwrap().clone()
    }

    pub(super) fn now(&self) -> UnixMillis {
        self.clock.now()
    }

    /// The code in the newest letter, and the letters so far.
    pub(super) async fn letter_code(&self, tenant: &Tenant) -> (String, usize) {
        let mut jobs = Vec::new();
        for queue in Queue::ALL {
            let (now, most, share) = (self.now(), 1000, 1000);
            let (held, in_flight) = (HashMap::new(), HashSet::new());
            let look = LetterLook { queue, now, most, share, held, in_flight, after: None };
            jobs.append(&mut self.store.letters_due(look).await.unwrap().jobs);
        }
        jobs.sort_by_key(|job| (job.due, job.letter.id));
        let sealed = jobs.iter().rev().find_map(|job| match &job.letter.body {
            LetterBody::Code { code, .. } | LetterBody::Confirm { code, .. } => Some(code.clone()),
            LetterBody::Changed { .. } => None,
        });
        let sealer = managed::MasterSealer::new(Arc::clone(&self.master), Arc::new(OsRandom));
        let code = sealer.open(Sealed::Code, tenant.id, &sealed.expect("a letter with a code")).unwrap();
        (String::from_utf8(code.to_vec()).unwrap(), jobs.len())
    }

    /// The newest envelope of a kind in a mailbox.
    pub(super) async fn mail(&self, mailbox: MailboxId, kind: EnvelopeKind) -> String {
        let all = self.store.mailbox(mailbox, self.clock.now()).await.unwrap();
        all.into_iter().rev().find(|envelope| envelope.kind == kind).unwrap().body
    }

    /// Enrols a phone through the interface: the phone's side goes to the login server directly.
    pub(super) async fn enrol(&self, tenant: &Tenant, user: &str, phone: &TestPhone) -> (String, Account) {
        let started = self.call("POST", "/v1/enrolments", &tenant.key, json!({ "user": user })).await;
        assert_eq!(started.status, 201, "{}", started.body);
        let id = started.body["enrolment_id"].as_str().unwrap().to_owned();
        let pending = phone.scan(started.body["qr"].as_str().unwrap());
        let route = Route::Enrolment(id.parse().unwrap());
        self.login(tenant).await.receive(phone.mailbox(), route, &pending.e1).await.unwrap();
        let e2 = self.mail(phone.mailbox(), EnvelopeKind::Enrolment).await;
        let account = phone.accept_e2(&pending, &e2).unwrap();
        (id, account)
    }

    /// Enrols a phone and confirms its check code.
    pub(super) async fn enrolled(&self, tenant: &Tenant, user: &str, phone: &TestPhone) -> (String, Account) {
        let (id, account) = self.enrol(tenant, user, phone).await;
        let path = format!("/v1/enrolments/{id}/confirm");
        let code = json!({ "code": account.code.expose() });
        let confirmed = self.call("POST", &path, &tenant.key, code).await;
        assert_eq!(confirmed.status, 200, "{}", confirmed.body);
        (id, account)
    }
}
