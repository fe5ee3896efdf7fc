//! From settings to the directory of the gateway: codecs, ways to the providers, models.

use std::sync::Arc;

use anyhow::Context;
use lattice_config::{Config, Environment, ModelEntry, ProviderEntry};
use lattice_gateway::{Directory, Entry, Target};
use lattice_providers::Model;
use lattice_transport::{Client, Proxy, Surroundings, SystemProxies, Transport, UpstreamSettings};
use secrecy::SecretString;

/// Builds directories, and keeps what did not change between two of them: connections, tokens and all other state (D7).
pub(crate) struct Assembler {
    transport: Transport,
    proxies: SystemProxies,
    known: Vec<(ProviderEntry, Arc<Entry>)>,
}

impl Assembler {
    pub(crate) fn new(environment: &Environment) -> anyhow::Result<Self> {
        let variable = |name: &str| environment.get(name).map(str::to_owned);
        let surroundings = Surroundings::from_variables(variable, crate::clock::wall_clock);
        let transport = Transport::new(surroundings).context("TLS towards the providers cannot be set up")?;
        Ok(Self { transport, proxies: SystemProxies::from_variables(variable), known: Vec::new() })
    }

    /// A client for what is no provider.
    pub(crate) fn client(&self) -> Client {
        self.transport.client(&Proxy::System(self.proxies.clone()))
    }

    /// # Errors
    /// When a provider's settings do not make a provider; then nothing has changed.
    pub(crate) fn assemble(&mut self, settings: &Config) -> anyhow::Result<Directory> {
        let mut entries = Vec::new();
        for entry in &settings.providers {
            let name = entry.settings.name();
            let same = self.known.iter().find(|(known, _)| known.is_same(entry));
            let made = match same {
                Some((_, made)) => Arc::clone(made),
                None => Arc::new(self.entry(entry).with_context(|| format!("provider `{name}`"))?),
            };
            entries.push((entry.clone(), made));
        }
        self.known = entries;
        let mut directory = Directory::new(self.known.iter().map(|(_, entry)| Arc::clone(entry)).collect());
        for model in &settings.models {
            if let Some(entry) = directory.entry(&model.provider).cloned() {
                directory.declare(model.name.clone(), target(model, entry));
            }
        }
        for prefix in &settings.prefixes {
            if let Some(entry) = directory.entry(&prefix.provider).cloned() {
                directory.route_prefix(prefix.prefix.to_owned(), entry);
            }
        }
        Ok(directory)
    }

    fn entry(&self, entry: &ProviderEntry) -> anyhow::Result<Entry> {
        let provider = lattice_providers::build(&entry.settings)?;
        let transport = &entry.transport;
        let timeouts = &transport.timeouts;
        let upstream = self.transport.upstream(UpstreamSettings {
            name: entry.settings.name().to_owned(),
            timeouts: lattice_transport::Timeouts {
                connect: timeouts.connect,
                first_byte: timeouts.first_byte,
                idle: timeouts.idle,
                total: timeouts.total,
            },
            proxy: match &transport.proxy {
                lattice_config::Proxy::System => Proxy::System(self.proxies.clone()),
                lattice_config::Proxy::Direct => Proxy::Direct,
                lattice_config::Proxy::Address(address) => Proxy::Address(SecretString::clone(address.url())),
            },
            headers: transport.headers.clone(),
            credential: provider.credential(),
        });
        Ok(Entry { name: entry.settings.name().into(), provider, upstream: Box::new(upstream) })
    }
}

fn target(model: &ModelEntry, entry: Arc<Entry>) -> Target {
    let known = Model {
        id: model.provider_model_id.clone(),
        max_output_tokens: model.max_output_tokens,
        context_window: model.context_window,
    };
    Target { entry, model: known, capabilities: model.capabilities.as_deref().map(Arc::from) }
}
