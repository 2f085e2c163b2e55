//! A caller that publishes requests and does not wait for replies.

use serde_json::{Value, json};

use crate::raw::Raw;
use crate::server::Server;
use crate::unique;

/// A connection of one user, with a session of its own.
#[derive(Debug)]
pub struct Publisher {
    raw: Raw,
    reply_to: String,
}

impl Publisher {
    /// Connects as a new user.
    pub async fn connect(server: &Server) -> Self {
        Self::connect_as(server, &unique("caller")).await
    }

    /// Connects as `user`.
    pub async fn connect_as(server: &Server, user: &str) -> Self {
        Self { raw: server.connect(user).await, reply_to: format!("reply:{}#{user}", unique("session")) }
    }

    /// Publishes a call.
    pub async fn call(&mut self, method: &str, params: Value) {
        self.call_with_id(&unique("call"), method, params).await;
    }

    /// Publishes a call with a chosen ID.
    pub async fn call_with_id(&mut self, id: &str, method: &str, params: Value) {
        let reply_to = self.reply_to.clone();
        self.publish(json!({"method": method, "params": params, "correlation_id": id, "reply_to": reply_to})).await;
    }

    /// Publishes a notification.
    pub async fn notify(&mut self, method: &str, params: Value) {
        self.publish(json!({"method": method, "params": params})).await;
    }

    /// Publishes any JSON value.
    ///
    /// # Panics
    ///
    /// Panics if Centrifugo does not accept it.
    pub async fn publish(&mut self, request: Value) {
        self.raw.publish("rpc:requests", &request).await.expect("Centrifugo takes it");
    }
}
