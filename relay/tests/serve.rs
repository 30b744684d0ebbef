//! The whole relay in one process: started by `serve`, spoken to over real sockets.

#![allow(clippy::indexing_slicing, reason = "a missing member is a failed test")]

use std::time::Duration;

use nod_relay::serve::{Running, serve};
use nod_relay::settings::{EngineKind, Settings};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

fn settings() -> Settings {
    let mut settings = Settings { listen: "127.0.0.1:0".parse().unwrap(), ..Settings::default() };
    settings.store.engine = EngineKind::Memory;
    settings.drain.spread_s = 0;
    settings.drain.deadline_s = 5;
    settings
}

struct Relay {
    base: String,
    admin: String,
    client: reqwest::Client,
    stop: CancellationToken,
    running: Running,
}

impl Relay {
    async fn start() -> Self {
        let stop = CancellationToken::new();
        let running = serve(settings(), stop.clone()).await.unwrap();
        let admin = running.admin_key_first_shown.as_ref().unwrap().to_string();
        Self {
            base: format!("http://{}", running.addr),
            admin,
            client: reqwest::Client::new(),
            stop,
            running,
        }
    }

    async fn call(&self, method: &str, path: &str, key: &str, body: Option<Value>) -> (u16, Value) {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        let mut request = self.client.request(method, format!("{}{path}", self.base)).bearer_auth(key);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        let text = answer.text().await.unwrap();
        (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }

    async fn service(&self, body: Value) -> (String, String) {
        let (status, made) = self.call("POST", "/v1/services", &self.admin, Some(body)).await;
        assert_eq!(status, 201, "{made}");
        (made["service_id"].as_str().unwrap().to_owned(), made["api_key"].as_str().unwrap().to_owned())
    }

    async fn end(self) {
        self.stop.cancel();
        tokio::time::timeout(Duration::from_secs(10), self.running.wait()).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fresh_relay_is_healthy_and_makes_a_service() {
    let relay = Relay::start().await;
    for path in ["/healthz", "/readyz", "/metrics", "/openapi.json"] {
        assert_eq!(relay.call("GET", path, "", None).await.0, 200, "{path}");
    }
    let (id, key) = relay.service(json!({ "name": "Fjordbanken" })).await;
    let (status, shown) = relay.call("GET", "/v1/service", &key, None).await;
    assert_eq!((status, shown["service_id"].as_str().unwrap()), (200, id.as_str()));
    assert_eq!(shown["policy"], json!({ "number": "two", "window_s": 25, "life_s": 40 }));
    relay.end().await;
}
