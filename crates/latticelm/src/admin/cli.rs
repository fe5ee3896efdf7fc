//! The commands of the administration.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

/// Which gateway, and how to print.
#[derive(Debug, Clone, Args)]
pub(crate) struct Where {
    /// A running gateway, such as `http://localhost:8080`; without one, the database of this machine
    #[arg(long, env = "LATTICELM_URL", value_name = "URL")]
    pub(crate) url: Option<String>,
    /// The key to show it; better in the variable
    #[arg(long, env = "LATTICELM_API_KEY", hide_env_values = true, value_name = "KEY", requires = "url")]
    pub(crate) key: Option<String>,
    /// The configuration file, for the database of this machine
    #[arg(long, value_name = "FILE", conflicts_with = "url")]
    pub(crate) config: Option<PathBuf>,
    /// The folder of the database, where it is a file; wins over the configuration
    #[arg(long, value_name = "DIR", conflicts_with = "url")]
    pub(crate) data_dir: Option<PathBuf>,
    /// Print JSON, as the API answers
    #[arg(long)]
    pub(crate) json: bool,
}

/// Which page of a list.
#[derive(Debug, Clone, Args)]
pub(crate) struct Listed {
    /// At most so many; all, where it is left out
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) limit: Option<u64>,
    /// With this in the name
    #[arg(long, short, value_name = "TEXT")]
    pub(crate) q: Option<String>,
    /// With this status
    #[arg(long, value_name = "STATUS")]
    pub(crate) status: Option<String>,
}

/// What somebody may do.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum RoleWord {
    /// Read what is its own
    Viewer,
    /// Ask, and keep what is its own
    Member,
    /// Run a tenant
    Admin,
    /// Own a tenant
    Owner,
    /// Run the installation
    Operator,
}

/// API keys.
#[derive(Debug, Subcommand)]
pub(crate) enum KeysCommand {
    /// Make a key; its text is printed, and never again
    Create(Box<CreateKey>),
    /// List keys
    List {
        /// Of this tenant
        #[arg(long, value_name = "ID")]
        tenant: Option<String>,
        /// Of this user
        #[arg(long, value_name = "ID")]
        user: Option<String>,
        #[command(flatten)]
        listed: Listed,
        #[command(flatten)]
        place: Where,
    },
    /// Give a key another text, which is printed
    Rotate {
        /// The key's id
        id: String,
        /// How long the old text goes on, such as 1h; not at all where it is left out
        #[arg(long, value_name = "TIME")]
        overlap: Option<String>,
        #[command(flatten)]
        place: Where,
    },
    /// Let nobody in with a key any more
    Revoke {
        /// The key's id
        id: String,
        #[command(flatten)]
        place: Where,
    },
}

/// A key that is to be made.
#[derive(Debug, Args)]
pub(crate) struct CreateKey {
    /// What it is called
    #[arg(long)]
    pub(crate) name: String,
    /// The tenant that it belongs to
    #[arg(long, value_name = "ID")]
    pub(crate) tenant: Option<String>,
    /// The user who calls with it
    #[arg(long, value_name = "ID")]
    pub(crate) user: Option<String>,
    /// What it may do
    #[arg(long, value_enum)]
    pub(crate) role: Option<RoleWord>,
    /// The models that it may ask for, separated by commas
    #[arg(long, value_delimiter = ',', value_name = "NAME,...")]
    pub(crate) models: Option<Vec<String>>,
    /// The provider entries that may answer it
    #[arg(long, value_delimiter = ',', value_name = "NAME,...")]
    pub(crate) providers: Option<Vec<String>>,
    /// The addresses and ranges that it may be used from
    #[arg(long, value_delimiter = ',', value_name = "RANGE,...")]
    pub(crate) ip_ranges: Option<Vec<String>>,
    /// Until when, such as 2030-01-31T12:00:00Z
    #[arg(long, value_name = "TIME")]
    pub(crate) expires: Option<String>,
    #[command(flatten)]
    pub(crate) place: Where,
}

/// Users.
#[derive(Debug, Subcommand)]
pub(crate) enum UsersCommand {
    /// Make a user: a person by issuer and subject, or a service by its name
    Create(Box<CreateUser>),
    /// List users
    List {
        /// Of this tenant
        #[arg(long, value_name = "ID")]
        tenant: Option<String>,
        #[command(flatten)]
        listed: Listed,
        #[command(flatten)]
        place: Where,
    },
    /// Change a user
    Update {
        /// The user's id
        id: String,
        /// What they are called
        #[arg(long)]
        name: Option<String>,
        /// What they may do
        #[arg(long, value_enum)]
        role: Option<RoleWord>,
        #[command(flatten)]
        place: Where,
    },
    /// Let a user in no more
    Suspend(One),
    /// Let a user in again
    Activate(One),
    /// Remove a user; their keys end
    Delete(One),
}

/// A user that is to be made.
#[derive(Debug, Args)]
pub(crate) struct CreateUser {
    /// What they are called
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// The tenant that they belong to
    #[arg(long, value_name = "ID")]
    pub(crate) tenant: Option<String>,
    /// Who vouches for a person
    #[arg(long, value_name = "URL", requires = "subject")]
    pub(crate) issuer: Option<String>,
    /// What the issuer knows the person by; without one it is a service
    #[arg(long, requires = "issuer")]
    pub(crate) subject: Option<String>,
    /// For people to read
    #[arg(long)]
    pub(crate) email: Option<String>,
    /// What they may do
    #[arg(long, value_enum)]
    pub(crate) role: Option<RoleWord>,
    #[command(flatten)]
    pub(crate) place: Where,
}

/// Tenants.
#[derive(Debug, Subcommand)]
pub(crate) enum TenantsCommand {
    /// Make a tenant
    Create {
        /// Its id: letters, digits, `_`, `-` and `.`
        id: String,
        /// What it is called
        #[arg(long)]
        name: Option<String>,
        #[command(flatten)]
        place: Where,
    },
    /// List tenants
    List {
        #[command(flatten)]
        listed: Listed,
        #[command(flatten)]
        place: Where,
    },
    /// Let nobody of a tenant in
    Suspend(One),
    /// Let those of a tenant in again
    Activate(One),
    /// Remove a tenant that has neither users nor keys
    Delete(One),
}

/// Something that is there.
#[derive(Debug, Args)]
pub(crate) struct One {
    /// Its id
    pub(crate) id: String,
    #[command(flatten)]
    pub(crate) place: Where,
}

/// The log of the administration.
#[derive(Debug, Args)]
pub(crate) struct AuditArgs {
    /// In this tenant
    #[arg(long, value_name = "ID")]
    pub(crate) tenant: Option<String>,
    /// By this user or key
    #[arg(long, value_name = "ID")]
    pub(crate) actor: Option<String>,
    /// Such as key.create
    #[arg(long, value_name = "ACTION")]
    pub(crate) action: Option<String>,
    /// At most so many, the latest first
    #[arg(long, default_value_t = 50, value_name = "NUMBER", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) limit: u64,
    #[command(flatten)]
    pub(crate) place: Where,
}
