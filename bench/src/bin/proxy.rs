//! A bare HTTP/1.1 pass-through proxy on hyper and hyper-util, on one thread: what a gateway's figures are held against.
//!
//!   proxy --listen 127.0.0.1:9200 --upstream 127.0.0.1:9100

use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode, Uri, header};
use hyper_util::client::legacy::{Client, connect::HttpConnector};
use hyper_util::rt::{TokioExecutor, TokioIo};
use latticelm_bench::Flags;

type Error = Box<dyn std::error::Error + Send + Sync>;
type Out = BoxBody<Bytes, Error>;

async fn forward(
    mut request: Request<Incoming>,
    client: Client<HttpConnector, Out>,
    upstream: String,
) -> Result<Response<Out>, Error> {
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    *request.uri_mut() = Uri::builder().scheme("http").authority(upstream).path_and_query(path).build()?;
    request.headers_mut().remove(header::HOST);
    let answer = client.request(request.map(|body| body.map_err(Into::into).boxed())).await?;
    Ok(answer.map(|body| body.map_err(Into::into).boxed()))
}

fn main() -> Result<(), Error> {
    let flags = Flags::from_env();
    let listen: std::net::SocketAddr = flags.text("listen", "127.0.0.1:9200").parse()?;
    let upstream = flags.text("upstream", "127.0.0.1:9100");
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async move {
        let socket = tokio::net::TcpSocket::new_v4()?;
        socket.set_reuseaddr(true)?;
        socket.bind(listen)?;
        let listener = socket.listen(4096)?;
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        let client: Client<_, Out> =
            Client::builder(TokioExecutor::new()).pool_max_idle_per_host(4096).build(connector);
        loop {
            let (socket, _) = listener.accept().await?;
            socket.set_nodelay(true)?;
            let (client, upstream) = (client.clone(), upstream.clone());
            tokio::spawn(async move {
                let service = service_fn(move |request| {
                    let answer = forward(request, client.clone(), upstream.clone());
                    async move {
                        Ok::<_, std::convert::Infallible>(answer.await.unwrap_or_else(|error| {
                            let text = Full::new(Bytes::from(error.to_string()));
                            let mut answer = Response::new(text.map_err(|never| match never {}).boxed());
                            *answer.status_mut() = StatusCode::BAD_GATEWAY;
                            answer
                        }))
                    }
                });
                let server = hyper::server::conn::http1::Builder::new();
                let _ = server.serve_connection(TokioIo::new(socket), service).await;
            });
        }
    })
}
