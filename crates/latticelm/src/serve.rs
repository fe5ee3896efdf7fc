//! `latticelm serve`: from settings to a running gateway, and to its end.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, anyhow};
use arc_swap::ArcSwap;
use lattice_auth::Fetch;
use lattice_config::{Config, Environment, Format, Source};
use lattice_gateway::{Gateway, Storage};
use lattice_limits::Rules;
use lattice_redis::RedisCounters;
use lattice_server::{App, Cors, Limits, StorageReport, Tls};
use lattice_sql::Database;
use socket2::{Domain, Socket, Type};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::cli::ServeArgs;
use crate::clock::RealClock;
use crate::directory::Assembler;
use crate::identity::{Identity, Issuers};
use crate::logging;
use crate::output::print;
use crate::reload::Reloader;
use crate::request_log::RequestLog;
use crate::storage;
use crate::{auth, banner, reload};

/// How long what runs beside requests may take to end.
const LAST: Duration = Duration::from_secs(1);

/// Connections that wait to be accepted, as tokio has it.
const BACKLOG: i32 = 1024;

/// Starts the gateway and returns when it was told to stop.
pub(crate) fn run(args: &ServeArgs, environment: &Environment) -> anyhow::Result<()> {
    let environment = overridden(args, environment.clone());
    let source = Source::find(args.config.config.clone(), &environment, Path::new("."));
    let settings = lattice_config::load(&source, &environment).context("the configuration is wrong")?;
    let level = logging::start(settings.logging)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("threads cannot be started")?;
    let is_level_fixed = args.log_level.is_some();
    let assembler = Assembler::new(&environment)?;
    let address = settings.server.address;
    let fetch: Arc<dyn Fetch> = Arc::new(Issuers(assembler.client()));
    let reloader = Reloader { environment, settings, assembler, fetch, level, address, is_level_fixed };
    let ended = runtime.block_on(serve(reloader));
    // Whatever still waits for a file does not hold the end up.
    runtime.shutdown_timeout(LAST);
    ended
}

/// The command line's options are overrides like those of the environment, so one way of checking serves both.
fn overridden(args: &ServeArgs, mut environment: Environment) -> Environment {
    if let Some(listen) = &args.listen {
        environment = environment.with("LATTICELM__SERVER__ADDRESS", &listen.to_string());
    }
    if let Some(folder) = &args.data_dir {
        environment = storage::in_folder(environment, folder);
    }
    if let Some(level) = args.log_level {
        environment = environment.with("LATTICELM__LOGGING__LEVEL", level.name());
    }
    environment
}

async fn serve(mut reloader: Reloader) -> anyhow::Result<()> {
    let settings = &reloader.settings;
    let directory = reloader.assembler.assemble(settings)?;
    let tls = settings.server.tls.as_ref().map(|tls| Tls::new(&reload::tls_files(tls)));
    let tls = tls.transpose().context("HTTPS cannot be served")?.map(Arc::new);
    let server = &settings.server;
    let limits = Limits {
        max_connections: server.max_connections,
        max_connections_per_ip: server.max_connections_per_ip,
        header_timeout: server.header_read_timeout,
        idle_timeout: server.idle_timeout,
        write_timeout: server.write_timeout,
        http2_keep_alive: server.http2_keep_alive,
        drain: server.shutdown_timeout,
    };
    let mut gateway = Gateway::new(directory, Arc::new(RealClock), Arc::new(RequestLog));
    let database = storage::open(settings).await?;
    if let (Some(database), Some(conversations)) = (&database, &settings.conversations) {
        let store = storage::bounded(database);
        gateway = gateway.with_storage(Storage::new(store, storage::retention(conversations)));
    }
    let identity = database.as_ref().map(|database| Identity::new(database, settings));
    if let Some(identity) = &identity {
        identity.look().await;
    }
    let known = auth::Known {
        registry: identity.as_ref().map(|identity| Arc::clone(&identity.registry)),
        sessions: identity.as_ref().map(|identity| identity.sessions(settings)),
        administration: identity.as_ref().map(|identity| Arc::clone(&identity.administration)),
        fetch: &reloader.fetch,
        before: None,
    };
    if let Some(url) = &settings.counting.redis {
        let counters =
            RedisCounters::new(url, server.lease).map_err(|why| anyhow!(why)).context("`rate_limit`")?;
        gateway = gateway.sharing_limits(Arc::new(counters), settings.counting.policy);
    }
    gateway.limiter().replace(Rules::new(auth::rules(settings)));
    let app = Arc::new(app(settings, gateway, database.clone(), known));
    let listener = bind(server.address).await;
    let listener = listener.with_context(|| format!("cannot listen on {}", server.address))?;
    let triggers = reloader.listen();
    stop_on_signals(&app)?;
    announce(settings, listener.local_addr().unwrap_or(server.address))?;
    tokio::select! {
        ended = lattice_server::serve(listener, tls.clone(), Arc::clone(&app), limits) => ended.context("the listener failed")?,
        () = reloader.run(triggers, tls, &app) => {}
        () = storage::sweep(database.as_deref()) => {}
        () = follow(identity.as_ref(), &app) => {}
    }
    if let Some(identity) = &identity {
        identity.note_uses().await;
    }
    if let Some(database) = database {
        database.close().await;
    }
    tracing::info!("stopped");
    Ok(())
}

/// `[::]` is all addresses, of IPv4 too, whatever the system's default is; on a machine without IPv6 it is those of IPv4.
async fn bind(address: SocketAddr) -> std::io::Result<TcpListener> {
    if address.ip() != Ipv6Addr::UNSPECIFIED {
        return TcpListener::bind(address).await;
    }
    let both = || {
        let socket = Socket::new(Domain::IPV6, Type::STREAM, None)?;
        socket.set_only_v6(false)?;
        socket.set_reuse_address(true)?;
        socket.set_nonblocking(true)?;
        socket.bind(&address.into())?;
        socket.listen(BACKLOG)?;
        TcpListener::from_std(socket.into())
    };
    match both() {
        Err(error) if error.kind() != ErrorKind::AddrInUse && error.kind() != ErrorKind::PermissionDenied => {
            TcpListener::bind((Ipv4Addr::UNSPECIFIED, address.port())).await
        }
        bound => bound,
    }
}

async fn follow(identity: Option<&Identity>, app: &App) {
    match identity {
        Some(identity) => identity.follow(app).await,
        None => std::future::pending().await,
    }
}

fn app(settings: &Config, gateway: Gateway, database: Option<Arc<Database>>, known: auth::Known<'_>) -> App {
    let server = &settings.server;
    App {
        gateway,
        max_request_body_size: server.max_request_body_size,
        body_timeout: server.body_read_timeout,
        heartbeat: server.heartbeat,
        cors: server
            .cors
            .as_ref()
            .map(|cors| Cors { allowed_origins: cors.allowed_origins.clone(), max_age: Some(cors.max_age) }),
        version: env!("CARGO_PKG_VERSION"),
        allowed_hosts: server.allowed_hosts.clone(),
        public_url: server.public_url.clone(),
        is_tls: server.tls.is_some(),
        trusted_proxies: server.trusted_proxies.clone(),
        admin_ip_ranges: server.admin_ip_ranges.clone(),
        administration: known.administration.clone(),
        authenticator: ArcSwap::from_pointee(auth::authenticator(settings, server.address, known)),
        storage: database.map(|database| StorageReport::new(move || storage::report(&database))),
        stopping: CancellationToken::new(),
        cut_streams: CancellationToken::new(),
    }
}

/// People get a page, machines get lines.
fn announce(settings: &Config, address: SocketAddr) -> anyhow::Result<()> {
    if settings.logging.format == Format::Text {
        return print(&banner::banner(settings, address));
    }
    for notice in &settings.notices {
        tracing::warn!("{notice}");
    }
    tracing::info!(
        %address,
        version = env!("CARGO_PKG_VERSION"),
        configuration = %settings.source,
        database = storage::is_needed(settings).then(|| settings.database.to_string()),
        providers = settings.providers.len(),
        models = settings.models.len(),
        "listening"
    );
    Ok(())
}

/// The first signal asks for a stop that lets requests finish; the second ends what is still open.
fn stop_on_signals(app: &App) -> anyhow::Result<()> {
    let (stopping, cut_streams) = (app.stopping.clone(), app.cut_streams.clone());
    let mut terminate = signal(SignalKind::terminate()).context("SIGTERM cannot be waited for")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("SIGINT cannot be waited for")?;
    tokio::spawn(async move {
        let mut received = async || {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
        };
        received().await;
        tracing::info!("stopping: open requests may finish");
        stopping.cancel();
        received().await;
        cut_streams.cancel();
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpStream;

    use super::*;

    #[tokio::test]
    async fn all_addresses_are_those_of_both_versions() {
        let listener = bind(lattice_config::parse_address(":0").unwrap()).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.unwrap();
        // A machine without IPv6 has none to listen on.
        if TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).await.is_ok() {
            TcpStream::connect((Ipv6Addr::LOCALHOST, port)).await.unwrap();
        }
        let again = bind((Ipv6Addr::UNSPECIFIED, port).into()).await;
        assert_eq!(again.unwrap_err().kind(), ErrorKind::AddrInUse);
    }
}
