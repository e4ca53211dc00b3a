//! The way into a clone, for checks and for people who try it: its networks have no address on this machine, so
//! one of transship's own containers stands on them and on a network of its own, takes connections to the ports
//! that the engine publishes for it here, and passes them on to the clone's services. It begins none by itself,
//! and passes nothing on that comes from within.

use std::io;
use std::io::Write;
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use super::sink::dns;
use crate::threads;

/// What is said once all ports are open.
const READY: &str = "ready";

/// Where an engine answers its containers' questions for each other's names.
const NAMES: (Ipv4Addr, u16) = (Ipv4Addr::new(127, 0, 0, 11), 53);

/// How long a name, and a connection, may take.
const PATIENCE: Duration = Duration::from_secs(3);

/// How many connections there may be at once.
const CONNECTIONS: usize = 256;

/// What a port of the door leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Doorway {
    port: u16,
    service: String,
    target: u16,
}

/// Opens the ways, each `PORT=SERVICE:PORT`, until it is killed. Gives an exit code where it can't.
pub fn serve(ways: impl IntoIterator<Item = String>, mut out: impl Write) -> u8 {
    let connections = Arc::new(AtomicUsize::new(0));
    for way in ways {
        let opened = doorway(&way)
            .ok_or_else(|| io::Error::other("no way"))
            .and_then(|way| open(way, Arc::clone(&connections)));
        if let Err(error) = opened {
            let _ = writeln!(out, "{way}: {error}");
            return 4;
        }
    }
    if writeln!(out, "{READY}").and_then(|()| out.flush()).is_err() {
        return 4;
    }
    loop {
        thread::park();
    }
}

fn doorway(text: &str) -> Option<Doorway> {
    let (port, to) = text.split_once('=')?;
    let (service, target) = to.rsplit_once(':')?;
    Some(Doorway {
        port: port.parse().ok()?,
        service: service.to_owned(),
        target: target.parse().ok()?,
    })
}

fn open(way: Doorway, connections: Arc<AtomicUsize>) -> io::Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, way.port))?;
    let way = Arc::new(way);
    threads::start(move || {
        for stream in listener.incoming() {
            let Ok(stream) = stream else {
                thread::sleep(Duration::from_millis(100));
                continue;
            };
            if connections.fetch_add(1, Ordering::Relaxed) >= CONNECTIONS {
                connections.fetch_sub(1, Ordering::Relaxed);
                continue;
            }
            let (own, way) = (Arc::clone(&connections), Arc::clone(&way));
            let taken = threads::start(move || {
                // Whoever came sees that it ends.
                let _ = reach(&way.service, way.target).and_then(|inner| join(stream, inner));
                own.fetch_sub(1, Ordering::Relaxed);
            });
            if taken.is_err() {
                connections.fetch_sub(1, Ordering::Relaxed);
            }
        }
    })?;
    Ok(())
}

/// Passes all on, both ways, until both have ended.
fn join(outer: TcpStream, inner: TcpStream) -> io::Result<()> {
    let (mut from_outer, mut to_inner) = (outer.try_clone()?, inner.try_clone()?);
    let (mut from_inner, mut to_outer) = (inner, outer);
    let inwards = threads::start(move || {
        let _ = io::copy(&mut from_outer, &mut to_inner);
        let _ = to_inner.shutdown(Shutdown::Write);
    })?;
    let _ = io::copy(&mut from_inner, &mut to_outer);
    let _ = to_outer.shutdown(Shutdown::Both);
    let _ = inwards.join();
    Ok(())
}

fn reach(service: &str, port: u16) -> io::Result<TcpStream> {
    let mut last = io::Error::from(io::ErrorKind::NotFound);
    for address in addresses(service)? {
        match TcpStream::connect_timeout(&(address, port).into(), PATIENCE) {
            Ok(stream) => return Ok(stream),
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// The addresses of a service, asked of the engine alone: the C library would read files that aren't here.
fn addresses(service: &str) -> io::Result<Vec<Ipv4Addr>> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?;
    socket.set_read_timeout(Some(PATIENCE))?;
    socket.connect(NAMES)?;
    let asked = dns::asking(1, service).ok_or(io::ErrorKind::InvalidInput)?;
    socket.send(&asked)?;
    let mut packet = [0; 4096];
    let length = socket.recv(&mut packet)?;
    Ok(dns::addresses(packet.get(..length).unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};

    use super::*;

    #[test]
    fn a_way_is_a_port_a_service_and_its_port() {
        let way = doorway("1000=web:80").unwrap();
        assert_eq!(
            (way.port, way.service.as_str(), way.target),
            (1000, "web", 80)
        );
        for text in ["", "80", "1=web", "x=web:80", "1=web:x", "99999=web:80"] {
            assert_eq!(doorway(text), None, "{text}");
        }
    }

    #[test]
    fn all_is_passed_on_both_ways_and_the_end_of_it_too() {
        let service = TcpListener::bind("127.0.0.1:0").unwrap();
        let target = service.local_addr().unwrap();
        let server = threads::start(move || {
            let (mut stream, _) = service.accept().unwrap();
            let mut said = String::new();
            stream.read_to_string(&mut said).unwrap();
            stream.write_all(said.to_uppercase().as_bytes()).unwrap();
        });
        let front = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = front.local_addr().unwrap();
        let door = threads::start(move || {
            let (outer, _) = front.accept().unwrap();
            let inner = TcpStream::connect(target).unwrap();
            join(outer, inner).unwrap();
        });
        let mut client = TcpStream::connect(address).unwrap();
        client.write_all(b"who is there").unwrap();
        client.shutdown(Shutdown::Write).unwrap();
        let mut answer = String::new();
        client.read_to_string(&mut answer).unwrap();
        assert_eq!(answer, "WHO IS THERE");
        server.unwrap().join().unwrap();
        door.unwrap().join().unwrap();
    }
}
