//! `latticelm serve`: from settings to a running gateway, and to its end.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, anyhow};
use arc_swap::ArcSwap;
use lattice_auth::Fetch;
use lattice_config::{Config, Environment, Format, Source};
use lattice_gateway::{Gateway, Storage};
use lattice_limits::Rules;
use lattice_redis::RedisCounters;
use lattice_server::{App, Cors, Limits, StorageReport, TlsFiles};
use lattice_sql::Database;
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
use crate::{auth, banner};

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
    runtime.block_on(serve(reloader))
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
    let tls = settings.server.tls.as_ref().map(|tls| {
        lattice_server::acceptor(&TlsFiles {
            certificate: tls.certificate_file.clone(),
            key: tls.key_file.clone(),
        })
    });
    let tls = tls.transpose().context("HTTPS cannot be served")?;
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
    let listener = TcpListener::bind(server.address).await;
    let listener = listener.with_context(|| format!("cannot listen on {}", server.address))?;
    let triggers = reloader.listen();
    stop_on_signals(&app)?;
    announce(settings, listener.local_addr().unwrap_or(server.address))?;
    tokio::select! {
        ended = lattice_server::serve(listener, tls, Arc::clone(&app), limits) => ended.context("the listener failed")?,
        () = reloader.run(triggers, &app) => {}
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
