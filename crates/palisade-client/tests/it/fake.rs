//! A server on the loopback that answers as a test says, byte for byte.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// What it does with a request.
pub enum Reply {
    /// Sends these bytes and closes.
    Bytes(Vec<u8>),
    /// Closes without a word.
    Nothing,
    /// Keeps the connection and says nothing.
    Silence,
    /// Sends the head and then this many bytes of nothing.
    Flood(usize),
}

/// A request as it came: head and body.
pub type Seen = Arc<Mutex<Vec<String>>>;

/// The server; it ends with the test.
pub struct Fake {
    /// Where it listens.
    pub url: String,
    /// What was asked so far.
    pub seen: Seen,
}

/// An answer with its length.
pub fn http(status: u16, headers: &str, body: &str) -> Reply {
    let length = body.len();
    Reply::Bytes(
        format!(
            "HTTP/1.1 {status} Said\r\n{headers}connection: close\r\ncontent-length: {length}\r\n\r\n{body}"
        )
        .into_bytes(),
    )
}

/// Who the caller is, in the query protocol.
pub fn identity() -> Reply {
    http(
        200,
        "content-type: text/xml\r\n",
        "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::111122223333:user/me</Arn>\
         <UserId>AIDA</UserId><Account>111122223333</Account></GetCallerIdentityResult></GetCallerIdentityResponse>",
    )
}

impl Fake {
    /// Answers each request as `reply` says, which is told how many like it came before, and who the caller is by itself.
    pub fn start(reply: impl Fn(&str, usize) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let seen = Seen::default();
        let (kept, reply) = (Arc::clone(&seen), Arc::new(reply));
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (seen, reply) = (Arc::clone(&kept), Arc::clone(&reply));
                std::thread::spawn(move || serve(stream, &seen, &*reply));
            }
        });
        Self { url, seen }
    }

    /// How many requests had these words.
    pub fn count(&self, words: &str) -> usize {
        self.seen.lock().unwrap().iter().filter(|request| request.contains(words)).count()
    }
}

fn serve(mut stream: TcpStream, seen: &Seen, reply: &(dyn Fn(&str, usize) -> Reply + Send + Sync)) {
    let Some(request) = read(&mut stream) else { return };
    let is_identity = request.contains("Action=GetCallerIdentity");
    let before = {
        let mut seen = seen.lock().unwrap();
        let before =
            seen.iter().filter(|other| other.contains("Action=GetCallerIdentity") == is_identity).count();
        seen.push(request.clone());
        before
    };
    let reply = if is_identity && before == 0 { identity() } else { reply(&request, before) };
    match reply {
        Reply::Bytes(bytes) => drop(stream.write_all(&bytes)),
        Reply::Nothing => {}
        // Until the client gives up and closes.
        Reply::Silence => drop(stream.read(&mut [0; 1])),
        Reply::Flood(length) => {
            let head = format!("HTTP/1.1 200 Said\r\ncontent-length: {length}\r\n\r\n");
            let mut left = length;
            let mut going = stream.write_all(head.as_bytes()).is_ok();
            while going && left > 0 {
                let part = left.min(65_536);
                going = stream.write_all(&vec![b' '; part]).is_ok();
                left -= part;
            }
        }
    }
}

fn read(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    let mut part = [0; 4_096];
    loop {
        let length = stream.read(&mut part).ok().filter(|length| *length > 0)?;
        bytes.extend_from_slice(&part[..length]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let told = head.lines().find_map(|line| {
                let (name, value) = line.split_once(':')?;
                name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
            });
            if body.len() >= told.unwrap_or(0) {
                return Some(text);
            }
        }
    }
}
