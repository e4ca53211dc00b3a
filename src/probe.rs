//! Asking a service whether it answers: by a connection, or by a request of HTTP/1.1 and its status.
//! What is answered beyond that is never read. `https` is asked by `curl`, where there is one.

use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

use crate::engine::Program;

/// The longest that one question may take.
pub const PATIENCE: Duration = Duration::from_secs(5);

/// Whether somebody takes connections at `address`, `HOST:PORT`; why not otherwise.
///
/// # Errors
/// What stands against it, for a reader.
pub fn tcp(address: &str) -> Result<(), String> {
    connect(address)
        .map(drop)
        .map_err(|error| error.to_string())
}

/// Whether `url` is answered with a status below 400; why not otherwise.
///
/// # Errors
/// What stands against it, for a reader.
pub fn http(url: &str) -> Result<(), String> {
    if let Some(rest) = url.strip_prefix("http://") {
        return plain(rest);
    }
    if !url.starts_with("https://") {
        return Err("it begins with neither `http://` nor `https://`".to_owned());
    }
    let curl = Program::find("curl").map_err(|error| error.to_string())?;
    let limit = PATIENCE.as_secs().to_string();
    let call = curl.call(["-sSf", "-o", "/dev/null", "--max-time", &limit, "--", url]);
    let call = call.time_out(PATIENCE * 2);
    call.run_well().map(drop).map_err(|error| error.to_string())
}

/// `rest` is what follows `http://`.
fn plain(rest: &str) -> Result<(), String> {
    let (authority, path) = match rest.find(['/', '?']) {
        Some(end) => rest.split_at(end),
        None => (rest, "/"),
    };
    let host = authority
        .rsplit_once('@')
        .map_or(authority, |(_, host)| host);
    let has_port = host.rsplit_once(':').is_some_and(|(_, port)| {
        !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit())
    });
    let address = match has_port {
        true => host.to_owned(),
        false => format!("{host}:80"),
    };
    let path = match path.starts_with('/') {
        true => path.to_owned(),
        false => format!("/{path}"),
    };
    let status = status(&address, host, &path).map_err(|error| error.to_string())?;
    match status {
        100..=399 => Ok(()),
        _ => Err(format!("it answers with status {status}")),
    }
}

fn status(address: &str, host: &str, path: &str) -> io::Result<u16> {
    let mut stream = connect(address)?;
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: transship\r\nAccept: */*\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes())?;
    // `HTTP/1.1 200`: no more is needed.
    let mut head = [0; 12];
    stream.read_exact(&mut head)?;
    let text = std::str::from_utf8(&head).ok();
    let status = text
        .filter(|text| text.starts_with("HTTP/"))
        .and_then(|text| text.split(' ').nth(1)?.parse().ok());
    status.ok_or_else(|| io::Error::other("what answers isn't HTTP"))
}

fn connect(address: &str) -> io::Result<TcpStream> {
    let mut last = io::Error::other("there is no such host");
    for address in address.to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, PATIENCE) {
            Ok(stream) => {
                stream.set_read_timeout(Some(PATIENCE))?;
                stream.set_write_timeout(Some(PATIENCE))?;
                return Ok(stream);
            }
            Err(error) => last = error,
        }
    }
    Err(last)
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;
    use crate::threads;

    /// What is said of a server that answers each request with `answer`, and what it was asked.
    fn asked(answer: &'static str, path: &str) -> (Result<(), String>, String) {
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
        let said = http(&format!("http://{address}{path}"));
        (said, receiver.recv().unwrap())
    }

    #[test]
    fn a_status_below_400_is_an_answer() {
        let (said, request) = asked("HTTP/1.1 200 OK\r\n\r\n", "/health?full=1");
        assert_eq!(said, Ok(()));
        assert!(
            request.starts_with("GET /health?full=1 HTTP/1.1\r\nHost: 127.0.0.1:"),
            "{request}"
        );
        assert_eq!(asked("HTTP/1.0 302 Found\r\n", "").0, Ok(()));
        let said = asked("HTTP/1.1 503 Later\r\n", "/").0;
        assert_eq!(said, Err("it answers with status 503".to_owned()));
        assert!(asked("SSH-2.0-OpenSSH_9.2\r\n", "/").0.is_err());
        assert!(asked("", "/").0.is_err());
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
}
