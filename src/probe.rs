//! Asking a service whether it answers: by a connection, or by a request of HTTP/1.1 and its status.
//! What is answered beyond that is never read. `https` is asked by `curl`, where there is one.

use std::io::{self, Read as _};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

use crate::engine::Program;

/// The longest that one question may take.
pub const PATIENCE: Duration = Duration::from_secs(5);

/// Whether somebody takes connections at `address`, `HOST:PORT`, and keeps them; why not otherwise.
///
/// # Errors
/// What stands against it, for a reader.
pub fn tcp(address: &str) -> Result<(), String> {
    tcp_within(address, PATIENCE)
}

/// As [`tcp`], with this much patience for each of the host's addresses.
///
/// # Errors
/// As [`tcp`].
pub fn tcp_within(address: &str, patience: Duration) -> Result<(), String> {
    let connected = connect(address, patience).map_err(|error| error.to_string())?;
    match is_dropped(connected) {
        true => Err("it takes connections, and ends them at once".to_owned()),
        false => Ok(()),
    }
}

/// Docker's proxy takes a connection before it knows whether anybody listens in the container, and ends
/// it where nobody does.
fn is_dropped(mut stream: TcpStream) -> bool {
    const A_MOMENT: Duration = Duration::from_millis(50);
    let waits = stream.set_read_timeout(Some(A_MOMENT));
    match waits.and_then(|()| stream.read(&mut [0])) {
        Ok(bytes) => bytes == 0,
        Err(error) => !matches!(
            error.kind(),
            io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut
        ),
    }
}

/// Whether `url` is answered with a status below 400; why not otherwise.
///
/// # Errors
/// What stands against it, for a reader.
pub fn http(url: &str) -> Result<(), String> {
    http_within(url, PATIENCE)
}

/// As [`http`], with this much patience.
///
/// # Errors
/// As [`http`].
pub fn http_within(url: &str, patience: Duration) -> Result<(), String> {
    if url.starts_with("http://") {
        return plain(url, patience);
    }
    if !url.starts_with("https://") {
        return Err("it begins with neither `http://` nor `https://`".to_owned());
    }
    let curl = Program::find("curl").map_err(|error| error.to_string())?;
    let limit = patience.as_secs().max(1).to_string();
    let call = curl.call(["-sSf", "-o", "/dev/null", "--max-time", &limit, "--", url]);
    let call = call.time_out(patience * 2);
    call.run_well().map(drop).map_err(|error| error.to_string())
}

/// No proxy is asked, and no redirection followed: a service that redirects is there.
fn plain(url: &str, patience: Duration) -> Result<(), String> {
    let agent = ureq::Agent::config_builder()
        .timeout_global(Some(patience))
        .proxy(None)
        .max_redirects(0)
        .http_status_as_error(false)
        .user_agent("transship")
        .build()
        .new_agent();
    let answer = agent.get(url).call().map_err(|error| error.to_string())?;
    match answer.status().as_u16() {
        ..=399 => Ok(()),
        status => Err(format!("it answers with status {status}")),
    }
}

fn connect(address: &str, patience: Duration) -> io::Result<TcpStream> {
    let mut last = io::Error::other("there is no such host");
    for address in address.to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, patience) {
            Ok(stream) => return Ok(stream),
            Err(error) => last = error,
        }
    }
    Err(last)
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;

    use super::*;
    use crate::threads;

    /// What is said of a server that answers each request with `answer`, and what it was asked.
    fn asked(answer: &'static str, path: &str) -> (Result<(), String>, String) {
        asked_by("", answer, path)
    }

    /// The same, of a URL that names somebody: `user:password@`.
    fn asked_by(who: &str, answer: &'static str, path: &str) -> (Result<(), String>, String) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (sender, receiver) = std::sync::mpsc::channel();
        threads::start(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 1000];
            let read = stream.read(&mut request).unwrap();
            sender
                .send(String::from_utf8_lossy(&request[..read]).into_owned())
                .unwrap();
            let _ = stream.write_all(answer.as_bytes());
        })
        .unwrap();
        let said = http(&format!("http://{who}{address}{path}"));
        (said, receiver.recv().unwrap())
    }

    #[test]
    fn a_status_below_400_is_an_answer() {
        let (said, request) = asked("HTTP/1.1 200 OK\r\n\r\n", "/health?full=1");
        assert_eq!(said, Ok(()));
        assert!(
            request.starts_with("GET /health?full=1 HTTP/1.1\r\n")
                && request.contains("127.0.0.1:"),
            "{request}"
        );
        assert_eq!(
            asked("HTTP/1.0 302 Found\r\nLocation: /login\r\n\r\n", "").0,
            Ok(())
        );
        let said = asked("HTTP/1.1 503 Later\r\n\r\n", "/").0;
        assert_eq!(said, Err("it answers with status 503".to_owned()));
        assert!(asked("SSH-2.0-OpenSSH_9.2\r\n", "/").0.is_err());
        assert!(asked("", "/").0.is_err());
    }

    #[test]
    fn whom_a_url_names_is_who_asks() {
        let (said, request) = asked_by("ops:secret@", "HTTP/1.1 200 OK\r\n\r\n", "/");
        assert_eq!(said, Ok(()));
        let request = request.to_lowercase();
        assert!(
            request.contains("authorization: basic b3bzonnly3jlda=="),
            "{request}"
        );
    }

    #[test]
    fn nobody_there_is_no_answer() {
        let free = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap();
        assert!(tcp(&free.to_string()).is_err());
        assert!(http(&format!("http://{free}/")).is_err());
        assert!(http("ftp://x/").is_err());
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        assert_eq!(tcp(&taken.local_addr().unwrap().to_string()), Ok(()));
    }

    #[test]
    fn a_proxy_with_nobody_behind_it_is_no_answer() {
        let proxy = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = proxy.local_addr().unwrap().to_string();
        threads::start(move || drop(proxy.accept())).unwrap();
        let said = tcp(&address).unwrap_err();
        assert!(said.contains("ends them at once"), "{said}");
    }
}
