//! Which models there are and where they lead.

use std::collections::HashMap;
use std::fmt::Debug;
use std::sync::Arc;

use lattice_model::{Capability, FaultKind, Turn};
use lattice_providers::{Model, Provider};

use crate::capability;
use crate::error::Error;
use crate::upstream::Upstream;

/// One configured provider: its codec and the way to it. Its state lives as long as the entry is unchanged (D7).
#[derive(Debug)]
pub struct Entry {
    /// The configured name: what everything is keyed by (E1).
    pub name: Arc<str>,
    /// The codec.
    pub provider: Box<dyn Provider>,
    /// The way to it.
    pub upstream: Box<dyn Upstream>,
}

/// Where a turn goes.
#[derive(Debug, Clone)]
pub struct Target {
    /// The provider entry.
    pub entry: Arc<Entry>,
    /// The model there.
    pub model: Model,
    /// What it was declared to be able to do; where nothing was, the provider decides.
    pub capabilities: Option<Arc<[Capability]>>,
}

/// Where the turns of one model go.
#[derive(Debug, Clone)]
pub struct Route {
    /// In the order in which they are tried.
    pub targets: Arc<[Target]>,
}

impl Route {
    /// Whether its targets can do what the whole conversation asks for.
    ///
    /// # Errors
    /// [`FaultKind::InvalidRequest`] for something that the model was not declared to be able to do.
    pub fn check(&self, turn: &Turn) -> Result<(), Error> {
        let mut declared = self.targets.iter().filter_map(|target| target.capabilities.as_ref());
        declared.try_for_each(|declared| capability::check(declared, turn))
    }
}

/// A model as it is listed to clients.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedModel {
    /// Its name here.
    pub name: String,
    /// The provider entry that answers.
    pub provider: Arc<str>,
    /// The most tokens that it can answer with, if that was declared.
    pub max_output_tokens: Option<u64>,
    /// How many tokens question and answer can have together, if that was declared.
    pub context_window: Option<u64>,
    /// What it can do, if that was declared.
    pub capabilities: Option<Arc<[Capability]>>,
}

/// Models and prefixes, and the entries they lead to.
#[derive(Debug, Default)]
pub struct Directory {
    entries: Vec<Arc<Entry>>,
    order: Vec<String>,
    routes: HashMap<String, Route>,
    prefixes: Vec<(String, Arc<Entry>)>,
}

impl Directory {
    /// Over these entries, with no model yet.
    pub fn new(entries: Vec<Arc<Entry>>) -> Self {
        Self { entries, ..Self::default() }
    }

    /// The entries.
    pub fn entries(&self) -> &[Arc<Entry>] {
        &self.entries
    }

    /// The entry of this name.
    pub fn entry(&self, name: &str) -> Option<&Arc<Entry>> {
        self.entries.iter().find(|entry| &*entry.name == name)
    }

    /// Declares a model; the latest of one name wins.
    pub fn declare(&mut self, name: String, target: Target) {
        let route = Route { targets: Arc::new([target]) };
        if self.routes.insert(name.clone(), route).is_none() {
            self.order.push(name);
        }
    }

    /// Lets undeclared models whose name starts with `prefix` through to `entry`, under the name they came with.
    pub fn route_prefix(&mut self, prefix: String, entry: Arc<Entry>) {
        self.prefixes.push((prefix, entry));
    }

    /// The declared models, in their order.
    pub fn models(&self) -> impl Iterator<Item = ListedModel> + '_ {
        self.order.iter().filter_map(|name| self.model(name))
    }

    /// One declared model.
    pub fn model(&self, name: &str) -> Option<ListedModel> {
        let target = self.routes.get(name)?.targets.first()?;
        Some(ListedModel {
            name: name.to_owned(),
            provider: Arc::clone(&target.entry.name),
            max_output_tokens: target.model.max_output_tokens,
            context_window: target.model.context_window,
            capabilities: target.capabilities.clone(),
        })
    }

    /// Where the turn's model leads. The `provider` of a request narrows the choice and never widens it (A11).
    ///
    /// # Errors
    /// [`FaultKind::ModelNotFound`] for a model that is not declared, [`FaultKind::InvalidRequest`] for a provider that does not have it.
    pub fn route(&self, turn: &Turn) -> Result<Route, Error> {
        let route = self.routes.get(&turn.model).cloned().or_else(|| self.by_prefix(&turn.model));
        let Some(route) = route else {
            let message =
                format!("the model `{}` does not exist here; GET /v1/models lists those that do", turn.model);
            return Err(Error::new(FaultKind::ModelNotFound, "model_not_found", message).with_param("model"));
        };
        for target in route.targets.iter() {
            if let Some(wanted) = turn.provider.as_deref().filter(|wanted| *wanted != &*target.entry.name) {
                let message =
                    format!("the model `{}` is not declared for the provider `{wanted}`", turn.model);
                return Err(Error::new(FaultKind::InvalidRequest, "provider_mismatch", message)
                    .with_param("provider"));
            }
        }
        Ok(route)
    }

    fn by_prefix(&self, model: &str) -> Option<Route> {
        let (_, entry) = self.prefixes.iter().find(|(prefix, _)| model.starts_with(prefix.as_str()))?;
        let model = Model { id: model.to_owned(), ..Model::default() };
        let target = Target { entry: Arc::clone(entry), model, capabilities: None };
        Some(Route { targets: Arc::new([target]) })
    }
}
