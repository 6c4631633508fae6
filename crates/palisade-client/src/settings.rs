//! What a client is told before it starts, and what the machine's own configuration adds.

use crate::identity::{Access, AccessError};
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_types::service_config::ServiceConfigKey;
use palisade_aws::{EndpointOptions, Service};
use std::path::PathBuf;
use std::time::Duration;

/// What a client is told. What is left out comes from where AWS's own tools take it: the environment, the
/// configuration files, the machine's metadata.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The profile of the configuration files.
    pub profile: Option<String>,
    /// The region whose endpoints say who one is and let one into other accounts.
    pub region: Option<String>,
    /// An address to use instead of AWS's own, for all services.
    pub endpoint_url: Option<String>,
    /// The caller's credentials, instead of those of the machine's configuration.
    pub credentials: Option<SharedCredentialsProvider>,
    /// How other accounts are entered.
    pub access: Access,
    /// How long a connection may take.
    pub connect_timeout: Duration,
    /// How long an attempt may take, from its first byte to its last.
    pub attempt_timeout: Duration,
    /// No longer answer is read.
    pub body_max: usize,
    /// What the client calls itself.
    pub agent: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            profile: None,
            region: None,
            endpoint_url: None,
            credentials: None,
            access: Access::default(),
            connect_timeout: Duration::from_secs(5),
            attempt_timeout: Duration::from_secs(60),
            body_max: palisade_aws::BODY_MAX,
            agent: concat!("palisade/", env!("CARGO_PKG_VERSION")).to_owned(),
        }
    }
}

/// Why there is no client.
#[derive(Debug, thiserror::Error)]
pub enum SetUpError {
    /// A file of certificates that can't be read.
    #[error("failed to read the certificates in `{}`, which {told_by} names", path.display())]
    Certificates {
        /// The file.
        path: PathBuf,
        /// Who names it.
        told_by: &'static str,
        /// Why.
        source: std::io::Error,
    },
    /// A file of certificates that holds none.
    #[error("`{}`, which {told_by} names, holds no certificate in PEM", path.display())]
    NoCertificate {
        /// The file.
        path: PathBuf,
        /// Who names it.
        told_by: &'static str,
    },
    /// The way into other accounts makes no sense.
    #[error(transparent)]
    Access(#[from] AccessError),
    /// The secure transport can't be set up.
    #[error("failed to set up the transport: {why}")]
    Transport {
        /// What it says.
        why: String,
    },
    /// There is no runtime.
    #[error("failed to start the runtime")]
    Runtime {
        /// Why.
        source: std::io::Error,
    },
}

/// Where nobody names a region: the home of AWS's global services.
const REGION: &str = "us-east-1";

/// The settings together with what the machine's configuration says.
#[derive(Debug)]
pub(crate) struct Configuration {
    pub(crate) settings: Settings,
    pub(crate) region: String,
    machine: SdkConfig,
}

impl Configuration {
    pub(crate) async fn load(settings: Settings, http: SharedHttpClient) -> Self {
        let mut loader = aws_config::defaults(BehaviorVersion::v2026_01_12()).http_client(http);
        if let Some(profile) = &settings.profile {
            loader = loader.profile_name(profile);
        }
        if let Some(region) = &settings.region {
            loader = loader.region(Region::new(region.clone()));
        }
        if let Some(url) = &settings.endpoint_url {
            loader = loader.endpoint_url(url);
        }
        let machine = loader.load().await;
        let region = machine.region().map_or_else(|| REGION.to_owned(), ToString::to_string);
        Self { settings, region, machine }
    }

    pub(crate) fn machine(&self) -> &SdkConfig {
        &self.machine
    }

    /// What the endpoint of a service is to be.
    pub(crate) fn endpoint(&self, service: &Service, region: &str, account: &str) -> EndpointOptions {
        let url = self.endpoint_url(service);
        EndpointOptions {
            region: region.to_owned(),
            fips: self.machine.use_fips().unwrap_or_default(),
            dual_stack: self.machine.use_dual_stack().unwrap_or_default(),
            path_style: url.is_some(),
            account: url.is_none().then(|| account.to_owned()),
            url,
        }
    }

    /// The address that is to be used instead of AWS's own: the settings', the service's, the one for all.
    fn endpoint_url(&self, service: &Service) -> Option<String> {
        let told = self.settings.endpoint_url.clone();
        told.or_else(|| {
            let key = ServiceConfigKey::builder()
                .service_id(&service.service_id)
                .env("AWS_ENDPOINT_URL")
                .profile("endpoint_url")
                .build()
                .ok()?;
            self.machine.service_config()?.load_config(key)
        })
        .or_else(|| self.machine.endpoint_url().map(str::to_owned))
        .map(|url| url.trim_end_matches('/').to_owned())
        .filter(|url| !url.is_empty())
    }
}
