//! The client: one attempt at a call in the right account and region, with the right signature.

use crate::answer::{self, Answer};
use crate::clock::Clock;
use crate::identity::Identity;
use crate::sessions::{Holder, Sessions, is_same};
use crate::settings::{Configuration, SetUpError, Settings};
use crate::sign::{Signer, signed};
use crate::transport::{Received, SharedTransport, Transport, chain};
use aws_config::default_provider::credentials::DefaultCredentialsChain;
use aws_config::provider_config::ProviderConfig;
use aws_credential_types::Credentials;
use aws_credential_types::provider::ProvideCredentials as _;
use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use palisade_aws::{
    Ask, CallFailure, FailureKind, HttpRequest, Operation, Pager, RetryStock, Service, TokenBucket,
    WaitUntil, endpoint, models, quota, rate, request, with_token,
};
use palisade_model::{AccountId, Region};
use serde_json::{Map, Value, json};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

/// Sends calls. Clones share all they hold: connections, credentials, the clock's correction.
#[derive(Debug, Clone)]
pub struct Client {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    configuration: Configuration,
    transport: SharedTransport,
    http: SharedHttpClient,
    clock: Clock,
    sessions: Sessions,
    identity: tokio::sync::OnceCell<Identity>,
    /// Whether the caller's own credentials have ever been good; then a region that does not know them is disabled.
    is_known: AtomicBool,
    /// The pace of entering accounts.
    entering: Mutex<TokenBucket>,
    /// The pace of trying again, of [`Client::call`].
    again: Mutex<RetryStock>,
    started: Instant,
}

/// A call that is ready but for its signature.
struct Prepared<'a> {
    service: &'a Service,
    operation: &'a Operation,
    request: HttpRequest,
    signer: Option<Signer>,
}

/// Pages of one call that [`Client::call`] reads before it gives up.
const PAGES_MAX: usize = 10_000;

/// Attempts at one page that [`Client::call`] makes, as AWS's SDKs do.
const ATTEMPTS: u32 = 3;

/// No longer wait for a service that asks to be left alone.
const LEFT_ALONE_MAX: Duration = Duration::from_secs(20);

impl Client {
    /// A client with these settings. Nothing is sent yet, but for what it takes to find the region.
    pub async fn new(settings: Settings) -> Result<Self, SetUpError> {
        settings.access.check()?;
        let (transport, http) = Transport::new(&settings)?;
        let configuration = Configuration::load(settings, http.clone()).await;
        // The quota is for all of the account's callers; a fifth is ours.
        let entering = TokenBucket::of_share(&quota("sts", "AssumeRole"), 0.2);
        Ok(Self {
            shared: Arc::new(Shared {
                configuration,
                transport: Arc::new(transport),
                http,
                clock: Clock::default(),
                sessions: Sessions::default(),
                identity: tokio::sync::OnceCell::new(),
                is_known: AtomicBool::new(false),
                entering: Mutex::new(entering),
                again: Mutex::default(),
                started: Instant::now(),
            }),
        })
    }

    /// Who the caller is, as AWS says; asked once.
    pub async fn whoami(&self) -> Result<Identity, CallFailure> {
        self.shared.whoami().await.cloned()
    }

    /// The region whose endpoints say who one is and let one into other accounts.
    pub fn region(&self) -> &str {
        &self.shared.configuration.region
    }

    /// The time as AWS has it.
    pub fn now(&self) -> SystemTime {
        self.shared.clock.now()
    }

    /// Seconds that AWS's clock is ahead of this machine's, where it is so far off that it mattered.
    pub fn clock_ahead(&self) -> i64 {
        self.shared.clock.ahead()
    }

    /// One attempt at one page of a call. Twice only where the first attempt said what was wrong with our clock or
    /// with credentials that had run out.
    pub async fn attempt(&self, ask: &Ask) -> Result<Answer, CallFailure> {
        self.shared.attempt(ask).await
    }

    /// One page of a call, tried again as AWS's SDKs do.
    pub async fn page(&self, ask: &Ask) -> Result<Answer, CallFailure> {
        let mut tried = 1;
        let mut paid = None;
        loop {
            let failure = match self.attempt(ask).await {
                Ok(answer) => {
                    self.shared.again().succeeded(paid);
                    return Ok(answer);
                }
                Err(failure) => failure,
            };
            let after_timeout = failure.kind == FailureKind::TimedOut;
            if tried >= ATTEMPTS || !failure.kind.is_passing() || !self.shared.again().pay(after_timeout) {
                return Err(failure);
            }
            paid = Some(after_timeout);
            let wait = rate::back_off(tried, self.shared.chance());
            let wait = failure.retry_after.map_or(wait, |told| told.max(wait).min(LEFT_ALONE_MAX));
            tokio::time::sleep(wait).await;
            tried += 1;
        }
    }

    /// All pages of a call as one answer: the lists of the later pages are put behind those of the first.
    pub async fn call(&self, ask: &Ask) -> Result<Value, CallFailure> {
        let (_, operation) = found(ask)?;
        let mut pager = Pager::new(operation, &ask.parameters);
        let mut whole = Value::Null;
        for _ in 0..PAGES_MAX {
            let ask = Ask { parameters: pager.parameters(), ..ask.clone() };
            let Answer { value, .. } = self.page(&ask).await?;
            let more = pager
                .answered(&value)
                .map_err(|error| CallFailure::of(FailureKind::Malformed, "pages", error.to_string()))?;
            let results = operation.pages.as_ref().map(|pages| pages.results.as_slice()).unwrap_or_default();
            join(&mut whole, value, results);
            if !more {
                return Ok(whole);
            }
        }
        let message = format!("the answer has more than {PAGES_MAX} pages");
        Err(CallFailure::of(FailureKind::Malformed, "pages", message))
    }
}

/// Puts the lists of a later page behind those of the first ones.
fn join(whole: &mut Value, page: Value, results: &[String]) {
    let Value::Object(all) = whole else {
        *whole = page;
        return;
    };
    let Value::Object(mut page) = page else { return };
    for path in results {
        let Some((name, rest)) = path.split_once('.').map_or(Some((path.as_str(), "")), Some) else {
            continue;
        };
        match (all.get_mut(name), page.remove(name)) {
            (Some(all), Some(more)) if !rest.is_empty() => join(all, more, &[rest.to_owned()]),
            (Some(Value::Array(all)), Some(Value::Array(more))) => all.extend(more),
            (None, Some(more)) => {
                all.insert(name.to_owned(), more);
            }
            _ => {}
        }
    }
}

/// The service and the operation, by their names.
fn found(ask: &Ask) -> Result<(&'static Service, &'static Operation), CallFailure> {
    let unknown = |what: String| CallFailure::of(FailureKind::Refused, "unknown-operation", what);
    let service = models().service(&ask.service);
    let service = service.ok_or_else(|| unknown(format!("`{}` is no service", ask.service)))?;
    let operation = service.operations.get(&*ask.operation);
    let operation = operation
        .ok_or_else(|| unknown(format!("`{}` has no operation `{}`", ask.service, ask.operation)))?;
    Ok((service, operation))
}

impl Shared {
    fn again(&self) -> std::sync::MutexGuard<'_, RetryStock> {
        self.again.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A share of a second that differs between calls; for waits only.
    fn chance(&self) -> f64 {
        f64::from(self.started.elapsed().subsec_nanos() % 1_000) / 1_000.0
    }

    async fn whoami(&self) -> Result<&Identity, CallFailure> {
        let asked = self.identity.get_or_try_init(|| async {
            let credentials = self.base().await?;
            let answer = self.sts("GetCallerIdentity", json!({}), &Holder::Base, credentials).await?;
            let word = |name: &str| answer[name].as_str().unwrap_or_default().to_owned();
            let account = word("Account").parse::<AccountId>().map_err(|error| {
                CallFailure::of(
                    FailureKind::Malformed,
                    "identity",
                    format!("`sts:GetCallerIdentity`: {error}"),
                )
            })?;
            Ok(Identity { account, arn: word("Arn"), user_id: word("UserId") })
        });
        asked.await
    }

    async fn attempt(&self, ask: &Ask) -> Result<Answer, CallFailure> {
        let (holder, credentials) = self.credentials(ask.account).await?;
        let prepared = self.prepare(ask)?;
        self.exchange(&prepared, &holder, credentials).await
    }

    /// A call of STS where one is known, by the caller itself.
    async fn sts(
        &self,
        operation: &str,
        parameters: Value,
        holder: &Holder,
        credentials: Credentials,
    ) -> Result<Value, CallFailure> {
        let region: Region = self.configuration.region.parse().map_err(|_| {
            let message = format!("`{}` is no region", self.configuration.region);
            CallFailure::of(FailureKind::Refused, "region", message)
        })?;
        // The account does not count: STS's hosts have none in them.
        let account =
            "000000000000".parse().map_err(|_| CallFailure::of(FailureKind::Refused, "account", ""))?;
        let ask = Ask { account, region, service: "sts".into(), operation: operation.into(), parameters };
        let prepared = self.prepare(&ask)?;
        // Who enters accounts must not find the way barred by a moment's trouble: many calls depend on it.
        let mut tried = 1;
        loop {
            match Box::pin(self.exchange(&prepared, holder, credentials.clone())).await {
                Ok(answer) => return Ok(answer.value),
                Err(failure) if tried < ATTEMPTS && failure.kind.is_passing() => {
                    let wait = rate::back_off(tried, self.chance());
                    tokio::time::sleep(failure.retry_after.unwrap_or(wait).min(LEFT_ALONE_MAX)).await;
                    tried += 1;
                }
                Err(failure) => return Err(failure),
            }
        }
    }

    fn prepare(&self, ask: &Ask) -> Result<Prepared<'static>, CallFailure> {
        let (service, operation) = found(ask)?;
        let refused = |code: &str, why: String| CallFailure::of(FailureKind::Refused, code, why);
        let account = ask.account.to_string();
        let options = self.configuration.endpoint(service, ask.region.as_str(), &account);
        let endpoint = endpoint(service, operation, &ask.parameters, &options)
            .map_err(|error| CallFailure::of(FailureKind::Disabled, "endpoint", error.to_string()))?;
        let parameters = with_token(service, operation, &ask.parameters, &ask_words(ask));
        let request = request(service, operation, &parameters, &endpoint)
            .map_err(|error| refused("parameters", error.to_string()))?;
        let signer = Signer::of(service, operation, &endpoint)?;
        Ok(Prepared { service, operation, request, signer })
    }

    /// Sends it, and once more where the clock or the credentials were to blame.
    async fn exchange(
        &self,
        prepared: &Prepared<'_>,
        holder: &Holder,
        mut credentials: Credentials,
    ) -> Result<Answer, CallFailure> {
        let (mut corrected, mut renewed) = (false, false);
        loop {
            let began = Instant::now();
            let signed = match &prepared.signer {
                Some(signer) => signed(prepared.request.clone(), signer, &credentials, self.clock.now())?,
                None => prepared.request.clone(),
            };
            let received = self.transport.send(signed).await?;
            let failure = match answer::read(prepared.service, prepared.operation, &received) {
                Ok(value) => {
                    self.is_known.store(true, Ordering::Relaxed);
                    return Ok(self.answer(value, &received, began));
                }
                Err(failure) => failure,
            };
            if !corrected && may_be_skewed(&failure) {
                corrected = true;
                if received.header("date").is_some_and(|date| self.clock.correct(date)) {
                    continue;
                }
            }
            if !renewed && has_run_out(&failure) {
                renewed = true;
                self.sessions.drop(holder, &credentials).await;
                let new = Box::pin(self.held(holder)).await?;
                if !is_same(&new, &credentials) {
                    credentials = new;
                    continue;
                }
            }
            return Err(self.of_region(failure, prepared));
        }
    }

    fn answer(&self, value: Value, received: &Received, began: Instant) -> Answer {
        let ids = ["x-amzn-requestid", "x-amz-request-id", "x-amzn-request-id"];
        Answer {
            value,
            bytes: received.body.len(),
            time: self.clock.now(),
            took: began.elapsed(),
            request_id: ids.into_iter().find_map(|name| received.header(name)).map(str::to_owned),
        }
    }

    /// A region that is not enabled does not know anybody's credentials.
    fn of_region(&self, mut failure: CallFailure, prepared: &Prepared<'_>) -> CallFailure {
        const UNKNOWN: [&str; 4] =
            ["AuthFailure", "InvalidClientTokenId", "UnrecognizedClientException", "InvalidAccessKeyId"];
        let region = prepared.signer.as_ref().map(|signer| signer.region.as_str()).unwrap_or_default();
        let elsewhere = region != self.configuration.region && self.is_known.load(Ordering::Relaxed);
        if elsewhere && failure.kind == FailureKind::Expired && UNKNOWN.contains(&&*failure.code) {
            failure.kind = FailureKind::Disabled;
            failure.message = format!(
                "{} (the credentials are good elsewhere: `{region}` is probably not enabled)",
                failure.message
            );
        }
        failure
    }

    /// Whose credentials sign a call in this account.
    async fn credentials(&self, account: AccountId) -> Result<(Holder, Credentials), CallFailure> {
        let access = &self.configuration.settings.access;
        let own = self.whoami().await?.account;
        let holder = match account == own && !access.own_too {
            true => Holder::Base,
            false => Holder::Account(account),
        };
        let credentials = self.held(&holder).await?;
        Ok((holder, credentials))
    }

    async fn held(&self, holder: &Holder) -> Result<Credentials, CallFailure> {
        let renew = async {
            match holder {
                Holder::Base => self.the_machines().await,
                Holder::Hub => self.through_hub().await,
                Holder::Account(account) => self.entered(*account).await,
            }
        };
        self.sessions.of(holder, self.clock.now(), renew).await
    }

    async fn base(&self) -> Result<Credentials, CallFailure> {
        Box::pin(self.held(&Holder::Base)).await
    }

    /// As the machine's configuration gives them now: files and environments may change while we run.
    async fn the_machines(&self) -> Result<Credentials, CallFailure> {
        let settings = &self.configuration.settings;
        let told = |error: CredentialsError| {
            let message = format!("this machine has no credentials for AWS: {}", chain(&error));
            CallFailure::of(FailureKind::Expired, "no-credentials", message)
        };
        if let Some(provider) = &settings.credentials {
            return provider.provide_credentials().await.map_err(told);
        }
        let machine = self.configuration.machine();
        let region = aws_config::Region::new(self.configuration.region.clone());
        let provider =
            ProviderConfig::default().with_http_client(self.http.clone()).with_region(Some(region.clone()));
        let provider =
            provider.with_use_fips(machine.use_fips()).with_use_dual_stack(machine.use_dual_stack());
        let mut chain_of = DefaultCredentialsChain::builder().configure(provider).region(region);
        if let Some(profile) = &settings.profile {
            chain_of = chain_of.profile_name(profile);
        }
        chain_of.build().await.provide_credentials().await.map_err(told)
    }

    async fn through_hub(&self) -> Result<Credentials, CallFailure> {
        let access = &self.configuration.settings.access;
        let Some(hub) = &access.through else { return self.base().await };
        let credentials = self.base().await?;
        self.assume(
            &hub.arn,
            hub.external_id.as_deref(),
            Some(Duration::from_secs(3_600)),
            &Holder::Base,
            credentials,
        )
        .await
    }

    async fn entered(&self, account: AccountId) -> Result<Credentials, CallFailure> {
        let access = &self.configuration.settings.access;
        let identity = self.whoami().await?;
        let Some(role) = &access.role else {
            let message = format!(
                "the caller is of account `{}`, and no role is named that leads into `{account}`",
                identity.account
            );
            return Err(CallFailure::of(FailureKind::Refused, "no-role", message));
        };
        let holder = if access.through.is_some() { Holder::Hub } else { Holder::Base };
        let credentials = Box::pin(self.held(&holder)).await?;
        let arn = role.arn(identity.partition(), account);
        self.assume(&arn, access.external_id.as_deref(), access.duration, &holder, credentials).await
    }

    async fn assume(
        &self,
        arn: &str,
        external_id: Option<&str>,
        duration: Option<Duration>,
        holder: &Holder,
        credentials: Credentials,
    ) -> Result<Credentials, CallFailure> {
        self.wait_to_enter().await;
        let session = &self.configuration.settings.access.session_name;
        let mut parameters = Map::new();
        parameters.insert("RoleArn".to_owned(), arn.into());
        parameters.insert("RoleSessionName".to_owned(), session.as_str().into());
        if let Some(id) = external_id {
            parameters.insert("ExternalId".to_owned(), id.into());
        }
        if let Some(duration) = duration {
            parameters.insert("DurationSeconds".to_owned(), duration.as_secs().into());
        }
        let on_the_way = |failure| CallFailure::on_the_way("sts:AssumeRole", arn, failure);
        let answer =
            self.sts("AssumeRole", parameters.into(), holder, credentials).await.map_err(on_the_way)?;
        session_of(&answer).ok_or_else(|| {
            on_the_way(CallFailure::of(
                FailureKind::Malformed,
                "malformed",
                "the answer holds no credentials",
            ))
        })
    }

    async fn wait_to_enter(&self) {
        loop {
            let taken = {
                let mut bucket = self.entering.lock().unwrap_or_else(PoisonError::into_inner);
                bucket.take(self.started.elapsed())
            };
            let Err(WaitUntil(then)) = taken else { return };
            tokio::time::sleep(then.saturating_sub(self.started.elapsed())).await;
        }
    }
}

/// What tells a call from another, for the token that makes a repeated call one call.
fn ask_words(ask: &Ask) -> String {
    format!("{} {} {} {} {}", ask.account, ask.region, ask.service, ask.operation, ask.parameters)
}

/// The credentials in an answer of `AssumeRole`.
fn session_of(answer: &Value) -> Option<Credentials> {
    let told = &answer["Credentials"];
    let word = |name: &str| told[name].as_str().filter(|text| !text.is_empty()).map(str::to_owned);
    let form = aws_smithy_types::date_time::Format::DateTimeWithOffset;
    let end = aws_smithy_types::DateTime::from_str(told["Expiration"].as_str()?, form).ok()?;
    let end = SystemTime::try_from(end).ok()?;
    Some(Credentials::new(
        word("AccessKeyId")?,
        word("SecretAccessKey")?,
        word("SessionToken"),
        Some(end),
        "AssumeRole",
    ))
}

/// Whether our clock could be to blame.
fn may_be_skewed(failure: &CallFailure) -> bool {
    const CODES: [&str; 8] = [
        "AuthFailure",
        "InvalidSignatureException",
        "RequestExpired",
        "RequestInTheFuture",
        "RequestTimeTooSkewed",
        "SignatureDoesNotMatch",
        "AccessDenied",
        "Forbidden",
    ];
    failure.kind == FailureKind::Skewed || CODES.contains(&&*failure.code)
}

/// Whether others are to be had for these credentials.
fn has_run_out(failure: &CallFailure) -> bool {
    const CODES: [&str; 4] =
        ["ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired", "RequestExpired"];
    failure.kind == FailureKind::Expired && CODES.contains(&&*failure.code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_become_one_answer() {
        let check = |results: &[&str], pages: &[Value], expected: Value| {
            let results: Vec<String> = results.iter().map(|path| (*path).to_owned()).collect();
            let mut whole = Value::Null;
            pages.iter().for_each(|page| join(&mut whole, page.clone(), &results));
            assert_eq!(whole, expected);
        };
        check(&["A"], &[json!({"A": [1], "B": 1}), json!({"A": [2]})], json!({"A": [1, 2], "B": 1}));
        check(&["A"], &[json!({"B": 1}), json!({"A": [2]})], json!({"B": 1, "A": [2]}));
        check(&["L.I"], &[json!({"L": {"I": [1]}}), json!({"L": {"I": [2]}})], json!({"L": {"I": [1, 2]}}));
        check(&[], &[json!({"A": 1})], json!({"A": 1}));
    }

    #[test]
    fn a_session_without_its_end_is_none() {
        let of = |credentials: Value| session_of(&json!({"Credentials": credentials})).is_some();
        let end = "2026-11-17T19:13:00+00:00";
        assert!(of(
            json!({"AccessKeyId": "A", "SecretAccessKey": "s", "SessionToken": "t", "Expiration": end})
        ));
        assert!(!of(json!({"AccessKeyId": "A", "SecretAccessKey": "s", "SessionToken": "t"})));
        assert!(!of(json!({"AccessKeyId": "", "SecretAccessKey": "s", "Expiration": end})));
        assert!(!of(json!(null)));
    }
}
