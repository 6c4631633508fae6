//! A runtime for callers that have none: blocks on one call, or keeps many under way at once.

use crate::answer::Answer;
use crate::client::Client;
use crate::settings::SetUpError;
use palisade_aws::{Ask, CallFailure, FailureKind};
use std::collections::HashMap;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::{Id, JoinSet};

/// Runs what waits for the network. Clones are the same runtime.
#[derive(Debug, Clone)]
pub struct Runtime {
    inner: Arc<tokio::runtime::Runtime>,
}

impl Runtime {
    /// A runtime with two threads: reading answers is most of the work.
    pub fn new() -> Result<Self, SetUpError> {
        let built = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        built.map(|inner| Self { inner: Arc::new(inner) }).map_err(|source| SetUpError::Runtime { source })
    }

    /// Waits for one thing.
    pub fn block_on<T>(&self, what: impl Future<Output = T>) -> T {
        self.inner.block_on(what)
    }

    /// Many attempts under way at once.
    pub fn flights(&self, client: &Client) -> Flights {
        Flights {
            runtime: self.clone(),
            client: client.clone(),
            under_way: JoinSet::new(),
            numbers: HashMap::new(),
        }
    }
}

/// Attempts under way, each known by a number of the caller's.
#[derive(Debug)]
pub struct Flights {
    runtime: Runtime,
    client: Client,
    under_way: JoinSet<Result<Answer, CallFailure>>,
    numbers: HashMap<Id, u64>,
}

impl Flights {
    /// Starts an attempt.
    pub fn start(&mut self, number: u64, ask: Ask) {
        let client = self.client.clone();
        let attempt = async move { client.attempt(&ask).await };
        let task = self.under_way.spawn_on(attempt, self.runtime.inner.handle());
        self.numbers.insert(task.id(), number);
    }

    /// How many are under way.
    pub fn len(&self) -> usize {
        self.under_way.len()
    }

    /// Whether none is under way.
    pub fn is_empty(&self) -> bool {
        self.under_way.is_empty()
    }

    /// Waits for the next that ends, or so long; none where none ended, or none is under way. With none under way it
    /// waits all the same, so that a loop around it does not spin.
    pub fn next(&mut self, wait: Duration) -> Option<(u64, Result<Answer, CallFailure>)> {
        let Self { runtime, under_way, numbers, .. } = self;
        let ended = runtime.inner.block_on(async {
            if under_way.is_empty() {
                tokio::time::sleep(wait).await;
                return None;
            }
            tokio::time::timeout(wait, under_way.join_next_with_id()).await.ok().flatten()
        });
        let (task, came) = match ended? {
            Ok((task, came)) => (task, came),
            // A fault of ours must not leave the caller waiting for what never comes.
            Err(error) => {
                (error.id(), Err(CallFailure::of(FailureKind::Transport, "broken", error.to_string())))
            }
        };
        Some((numbers.remove(&task)?, came))
    }
}
