//! The backend behind Centrifugo's gRPC proxy. The service has one method, so it is written by hand instead of
//! generated.

use std::convert::Infallible;
use std::task::{Context, Poll};

use futures_util::future::BoxFuture;
use tonic::body::Body;
use tonic::codegen::http;
use tonic::server::{Grpc, NamedService, UnaryService};
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status};
use tonic_prost::ProstCodec;

use super::{Params, Stats};

#[derive(Clone, PartialEq, prost::Message)]
struct RpcRequest {
    #[prost(string, tag = "11")]
    method: String,
    #[prost(bytes = "vec", tag = "12")]
    data: Vec<u8>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct RpcResponse {
    #[prost(message, optional, tag = "1")]
    result: Option<RpcResult>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct RpcResult {
    #[prost(bytes = "vec", tag = "1")]
    data: Vec<u8>,
}

pub(super) async fn run() {
    let listener = super::listen().await;
    let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
    Server::builder().add_service(Proxy).serve_with_incoming(incoming).await.expect("it serves until it is killed");
}

#[derive(Clone)]
struct Proxy;

impl NamedService for Proxy {
    const NAME: &'static str = "centrifugal.centrifugo.proxy.CentrifugoProxy";
}

impl tower::Service<http::Request<Body>> for Proxy {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        assert!(request.uri().path().ends_with("/RPC"), "{}", request.uri());
        Box::pin(async move { Ok(Grpc::new(ProstCodec::default()).unary(Method, request).await) })
    }
}

struct Method;

impl UnaryService<RpcRequest> for Method {
    type Response = RpcResponse;
    type Future = BoxFuture<'static, Result<Response<RpcResponse>, Status>>;

    fn call(&mut self, request: Request<RpcRequest>) -> Self::Future {
        Box::pin(async move {
            let request = request.into_inner();
            assert_eq!(request.method, super::METHOD);
            let params: Params = serde_json::from_slice(&request.data).expect("params");
            let data = serde_json::to_vec(&Stats::of(&params)).expect("JSON");
            Ok(Response::new(RpcResponse { result: Some(RpcResult { data }) }))
        })
    }
}
