//! HTTP: sends a signed request and reads an answer of bounded length, in bounded time.

use crate::settings::{SetUpError, Settings};
use aws_smithy_http_client::Connector;
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::client::http::{
    HttpConnector as _, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::http::{Headers, Request};
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use palisade_aws::{CallFailure, FailureKind, HttpRequest};
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Connections that were idle for so long are not used again: AWS's ends close theirs after 20 s and more.
const IDLE: Duration = Duration::from_secs(15);

/// What HTTP brought.
#[derive(Debug)]
pub(crate) struct Received {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Received {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }
}

/// Connections, kept and used again.
#[derive(Debug)]
pub(crate) struct Transport {
    connector: SharedHttpConnector,
    timeout: Duration,
    body_max: usize,
    agent: String,
}

impl Transport {
    /// Also gives the client for what signs in: the same connections, with timeouts of its own.
    pub(crate) fn new(settings: &Settings) -> Result<(Self, SharedHttpClient), SetUpError> {
        let context = context()?;
        let connector = connector(&context, Some(settings.connect_timeout), None);
        let shared = connector.clone();
        let known: Mutex<HashMap<Timeouts, SharedHttpConnector>> = Mutex::default();
        let client = http_client_fn(move |asked: &HttpConnectorSettings, _| {
            let timeouts = (asked.connect_timeout(), asked.read_timeout());
            if timeouts == (None, None) {
                return shared.clone();
            }
            let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
            known.entry(timeouts).or_insert_with(|| self::connector(&context, timeouts.0, timeouts.1)).clone()
        });
        let transport = Self {
            connector,
            timeout: settings.attempt_timeout,
            body_max: settings.body_max,
            agent: settings.agent.clone(),
        };
        Ok((transport, client))
    }

    /// One exchange.
    pub(crate) async fn send(&self, request: HttpRequest) -> Result<Received, CallFailure> {
        let url = request.url();
        let exchange = self.exchange(request);
        match tokio::time::timeout(self.timeout, exchange).await {
            Ok(received) => received,
            Err(_) => {
                let seconds = self.timeout.as_secs_f64();
                let host = url.split('/').nth(2).unwrap_or_default();
                let message = format!("`{host}` did not answer within {seconds} s");
                Err(CallFailure::of(FailureKind::TimedOut, "timeout", message))
            }
        }
    }

    async fn exchange(&self, request: HttpRequest) -> Result<Received, CallFailure> {
        let request = self.prepared(request).map_err(|why| {
            CallFailure::of(FailureKind::Refused, "request", format!("no request could be made: {why}"))
        })?;
        let answer = self.connector.call(request).await.map_err(|error| not_connected(&error))?;
        let status = answer.status().as_u16();
        let headers = texts(answer.headers());
        let body = self.body(answer.into_body()).await?;
        Ok(Received { status, headers, body })
    }

    fn prepared(&self, from: HttpRequest) -> Result<Request<SdkBody>, String> {
        let mut request = Request::new(SdkBody::empty());
        request.set_method(&from.method).map_err(|error| error.to_string())?;
        request.set_uri(from.url()).map_err(|error| error.to_string())?;
        let length = from.body.len();
        let headers = request.headers_mut();
        for (name, value) in from.headers {
            headers.try_append(name, value).map_err(|error| error.to_string())?;
        }
        headers.try_insert("user-agent", self.agent.clone()).map_err(|error| error.to_string())?;
        if length > 0 || from.method != "GET" && from.method != "HEAD" {
            headers.try_insert("content-length", length.to_string()).map_err(|error| error.to_string())?;
        }
        *request.body_mut() = if length == 0 { SdkBody::empty() } else { SdkBody::from(from.body) };
        Ok(request)
    }

    async fn body(&self, body: SdkBody) -> Result<Vec<u8>, CallFailure> {
        let mut stream = ByteStream::new(body);
        let mut bytes = Vec::new();
        while let Some(part) = stream.next().await {
            let part = part.map_err(|error| {
                let message = format!("the answer broke off: {}", chain(&error));
                CallFailure::of(FailureKind::Transport, "broken-off", message)
            })?;
            if bytes.len().saturating_add(part.len()) > self.body_max {
                let message = format!("the answer is longer than {} bytes", self.body_max);
                return Err(CallFailure::of(FailureKind::Malformed, "too-long", message));
            }
            bytes.extend_from_slice(&part);
        }
        Ok(bytes)
    }
}

type Timeouts = (Option<Duration>, Option<Duration>);

fn connector(context: &TlsContext, connect: Option<Duration>, read: Option<Duration>) -> SharedHttpConnector {
    let mut settings = HttpConnectorSettings::builder();
    settings.set_connect_timeout(connect).set_read_timeout(read);
    let connector = Connector::builder()
        .connector_settings(settings.build())
        .sleep_impl(aws_smithy_async::rt::sleep::TokioSleep::new())
        .proxy_config(ProxyConfig::from_env())
        .pool_idle_timeout(IDLE)
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .tls_context(context.clone())
        .build();
    SharedHttpConnector::new(connector)
}

/// Whom to trust: the machine's authorities, and those of the file that `AWS_CA_BUNDLE` names instead.
fn context() -> Result<TlsContext, SetUpError> {
    const TOLD_BY: &str = "AWS_CA_BUNDLE";
    let mut store = TrustStore::empty();
    match std::env::var_os(TOLD_BY).filter(|path| !path.is_empty()).map(PathBuf::from) {
        None => store = store.with_native_roots(true),
        Some(path) => {
            let told_by = TOLD_BY;
            let pem = match std::fs::read(&path) {
                Ok(pem) => pem,
                Err(source) => return Err(SetUpError::Certificates { path, told_by, source }),
            };
            // What holds none would be found out only by the connector, which would panic.
            if !String::from_utf8_lossy(&pem).contains("-----BEGIN CERTIFICATE-----") {
                return Err(SetUpError::NoCertificate { path, told_by });
            }
            store = store.with_pem_certificate(pem);
        }
    }
    let context = TlsContext::builder().with_trust_store(store).build();
    context.map_err(|error| SetUpError::Transport { why: chain(&error) })
}

fn not_connected(error: &ConnectorError) -> CallFailure {
    let (kind, code) = match error {
        error if error.is_timeout() => (FailureKind::TimedOut, "connect-timeout"),
        _ => (FailureKind::Transport, "connection"),
    };
    CallFailure::of(kind, code, chain(error))
}

/// An error and what caused it, in one line.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    const CAUSES_MAX: usize = 10;
    let causes = std::iter::successors(Some(error), |error| error.source()).take(CAUSES_MAX);
    let mut told: Vec<String> = Vec::new();
    for cause in causes.map(ToString::to_string) {
        // Many errors end with what their cause says.
        if told.last().is_none_or(|last| !last.ends_with(&cause)) {
            told.push(cause);
        }
    }
    told.join(": ")
}

fn texts(headers: &Headers) -> Vec<(String, String)> {
    let each = headers.iter_bytes();
    each.map(|(name, value)| (name.to_owned(), String::from_utf8_lossy(value).into_owned())).collect()
}

/// Shared between calls that go on at once.
pub(crate) type SharedTransport = Arc<Transport>;
