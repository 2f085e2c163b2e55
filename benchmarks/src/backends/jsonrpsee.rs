//! The backend for JSON-RPC over WebSocket connections of its own.

use jsonrpsee::RpcModule;
use jsonrpsee::server::{ServerBuilder, ServerConfig};
use jsonrpsee::types::ErrorObjectOwned;

use super::{Params, Stats};

pub(super) async fn run() {
    let mut module = RpcModule::new(());
    let method = module.register_async_method(super::METHOD, |params, _, _| async move {
        let params: Params = params.parse()?;
        Ok::<_, ErrorObjectOwned>(Stats::of(&params))
    });
    method.expect("a method that is new");
    let config = ServerConfig::builder().max_connections(10_000).build();
    let server = ServerBuilder::new().set_config(config).build("127.0.0.1:0").await.expect("a free port");
    println!("serving {}", server.local_addr().expect("an address"));
    server.start(module).stopped().await;
}
