//! Answers on a socket: each connection in a thread of its own, all from one simulated organisation.

use crate::codec::{Written, encode, encode_error};
use crate::http::{self, Request};
use crate::route::{caller, decode};
use palisade_aws::{Ask, models};
use palisade_sim::api::{Api, Outcome};
use std::io::{self, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream, ToSocketAddrs};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// What goes back to who asked.
#[derive(Debug, Clone, PartialEq)]
pub enum Reply {
    /// An answer or a refusal.
    Whole(Written),
    /// The answer's first half, and then the connection is closed.
    Half(Written),
    /// Nothing, and the connection is closed.
    Closed,
    /// Nothing, for a long time.
    Silent,
}

const PAGE: &[u8] =
    b"<!DOCTYPE html><html><head><title>Sign in</title></head><body>Sign in to the network</body></html>";

/// What comes back for a request, and after how long.
pub fn answer(api: &mut Api, now: Duration, request: &Request) -> (Duration, Reply) {
    let caller = match caller(request) {
        Ok(caller) => caller,
        Err(refusal) => {
            let written = encode_error(palisade_aws::Protocol::Query, nobody(), None, &refusal);
            return (Duration::ZERO, Reply::Whole(written));
        }
    };
    let asked = match decode(request, &caller.signing_name) {
        Ok(asked) => asked,
        Err(problem) => {
            let service = problem.service.and_then(|name| models().service(name)).unwrap_or_else(nobody);
            let written = encode_error(problem.protocol, service, None, &problem.refusal);
            return (Duration::ZERO, Reply::Whole(written));
        }
    };
    // Keys that nobody here gave are those of the management account: the caller begins with some.
    let own = api.organisation().accounts.first().map(|account| account.id);
    let Some(account) = caller.account.or(own) else { return (Duration::ZERO, Reply::Closed) };
    let ask = Ask {
        account,
        region: caller.region,
        service: asked.service.name.as_str().into(),
        operation: asked.operation.name.as_str().into(),
        parameters: asked.parameters,
    };
    let (delay, outcome) = api.respond(now, &ask);
    let (protocol, service, operation) = (asked.protocol, asked.service, asked.operation);
    let reply = match outcome {
        Outcome::Answer(answer) => Reply::Whole(encode(protocol, service, operation, &answer)),
        Outcome::Refused(refusal) => Reply::Whole(encode_error(protocol, service, Some(operation), &refusal)),
        Outcome::Truncated(answer) => Reply::Half(encode(protocol, service, operation, &answer)),
        Outcome::Html => {
            let headers = vec![("content-type".to_owned(), "text/html".to_owned())];
            Reply::Whole(Written { status: 200, headers, body: PAGE.to_vec() })
        }
        Outcome::Reset => Reply::Closed,
        Outcome::TimedOut => Reply::Silent,
    };
    (delay, reply)
}

/// The service whose form of errors is used where no service is known.
fn nobody() -> &'static palisade_aws::Service {
    static NONE: std::sync::OnceLock<palisade_aws::Service> = std::sync::OnceLock::new();
    NONE.get_or_init(palisade_aws::Service::default)
}

/// A server that listens.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    api: Arc<Mutex<Api>>,
    /// What share of the simulated delays is waited for in truth.
    pub pace: f64,
    /// How long nothing is said where an answer never comes.
    pub silence: Duration,
}

impl Server {
    /// Listens at an address; port 0 takes any that is free.
    ///
    /// # Errors
    /// The address can't be listened at.
    pub fn listen(api: Api, at: impl ToSocketAddrs) -> io::Result<Self> {
        let listener = TcpListener::bind(at)?;
        let api = Arc::new(Mutex::new(api));
        Ok(Self { listener, api, pace: 0.0, silence: Duration::from_secs(60) })
    }

    /// Where it listens.
    ///
    /// # Errors
    /// The system doesn't say.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// The APIs behind it, for whoever changes something while others read.
    pub fn api(&self) -> Arc<Mutex<Api>> {
        self.api.clone()
    }

    /// Answers for ever. Virtual time is what has passed since.
    pub fn serve(self) {
        let began = Instant::now();
        for stream in self.listener.incoming().flatten() {
            let (api, pace, silence) = (self.api.clone(), self.pace, self.silence);
            std::thread::spawn(move || {
                // Whoever hangs up in the middle is nobody's trouble but their own.
                let _ = connection(&stream, &api, (began, pace, silence));
            });
        }
    }
}

fn connection(
    stream: &TcpStream,
    api: &Mutex<Api>,
    (began, pace, silence): (Instant, f64, Duration),
) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut from = BufReader::new(stream);
    let mut to = stream;
    while let Some(request) = http::read(&mut from, &mut to)? {
        let (delay, reply) = {
            let mut api = api.lock().unwrap_or_else(PoisonError::into_inner);
            answer(&mut api, began.elapsed(), &request)
        };
        if pace > 0.0 && reply != Reply::Silent {
            std::thread::sleep(delay.mul_f64(pace));
        }
        let is_head = request.method == "HEAD";
        match reply {
            Reply::Whole(written) => write(&mut to, &written, if is_head { 0 } else { written.body.len() })?,
            Reply::Half(written) => {
                write(&mut to, &written, written.body.len() / 2)?;
                return Ok(());
            }
            Reply::Closed => return Ok(()),
            Reply::Silent => {
                std::thread::sleep(silence);
                return Ok(());
            }
        }
    }
    Ok(())
}

fn write(to: &mut impl Write, written: &Written, sent: usize) -> io::Result<()> {
    let mut head =
        format!("HTTP/1.1 {} Simulated\r\ncontent-length: {}\r\n", written.status, written.body.len());
    for (name, value) in &written.headers {
        let value: String = value.chars().filter(|letter| !letter.is_control()).collect();
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str("\r\n");
    let mut all = head.into_bytes();
    all.extend(&written.body[..sent.min(written.body.len())]);
    to.write_all(&all)?;
    to.flush()
}
