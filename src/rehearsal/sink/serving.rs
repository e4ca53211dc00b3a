//! The sockets of the sink: names, mail, the web, and a look at what goes to all other ports.

use std::collections::BTreeSet;
use std::io::{self, BufRead as _, BufReader, Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use rustix::net::{
    AddressFamily, Protocol as IpProtocol, RecvFlags, SocketFlags, SocketType, ipproto, recv,
    socket_with,
};

use super::dns::{self, DnsAnswer};
use super::heard::{HeardLine, Overheard, Protocol};
use super::smtp::{BANNER, LONGEST_LINE, SmtpDialogue};
use super::tally::HeardTally;
use super::{host_reach, http, ip, tls};
use crate::threads;

/// What is said first, once all sockets are there.
pub(super) const READY: &str = "ready";
/// The same, where ports that nobody listens on can't be looked at.
pub(super) const READY_FOR_OWN_PORTS: &str = "ready but for other ports";

/// What is said, with the address, where the engine's machine has one here.
const REACHES: &str = "reaches the machine at ";

/// The port of names.
const NAMES: u16 = 53;
/// Ports at which the server speaks first, and mail is taken.
const MAIL: [u16; 3] = [25, 587, 2525];
/// Ports at which the client speaks first: HTTP or TLS.
const WEB: [u16; 6] = [80, 443, 465, 993, 8080, 8443];

/// How often what was heard is told.
const TICK: Duration = Duration::from_millis(100);
/// How long somebody may say nothing.
const SILENCE: Duration = Duration::from_secs(20);
/// How many connections there may be at once.
const CONNECTIONS: usize = 256;
/// How much of one connection is taken, in bytes.
const LONGEST: u64 = 256 << 20;
/// How much is told in all, in bytes; what is heard after that isn't.
const TOLD: usize = 8 << 20;

/// All that the threads share.
struct OutsideSink {
    tally: Mutex<HeardTally>,
    connections: AtomicUsize,
    /// Names of the clone's own, which lead nowhere while what has them is down.
    own: BTreeSet<String>,
}

/// What stands before an address that nobody must have.
const HOST: &str = "--host=";

/// Answers for the outside until it is killed, and tells on `out` what it hears, as lines of JSON. `words` are
/// names that are not the outside's, and as `--host=ADDRESS` what the engine's machine would have on the
/// networks here: that it has one is said first. Gives an exit code where it can't.
pub fn serve(words: impl IntoIterator<Item = String>, mut out: impl Write) -> u8 {
    let (hosts, own): (Vec<_>, Vec<_>) = words.into_iter().partition(|word| word.starts_with(HOST));
    let hosts = hosts
        .iter()
        .filter_map(|word| word[HOST.len()..].parse().ok());
    let hosts: Vec<Ipv4Addr> = hosts.collect();
    for host in host_reach::reached(&hosts, is_own) {
        if writeln!(out, "{REACHES}{host}").is_err() {
            return 4;
        }
    }
    let sink = Arc::new(OutsideSink {
        tally: Mutex::default(),
        connections: AtomicUsize::new(0),
        own: own.into_iter().map(|name| name.to_lowercase()).collect(),
    });
    let Ok(sees_ports) = listen(&sink) else {
        return 4;
    };
    let first = if sees_ports {
        READY
    } else {
        READY_FOR_OWN_PORTS
    };
    if writeln!(out, "{first}").and_then(|()| out.flush()).is_err() {
        return 4;
    }
    let mut told = 0;
    loop {
        thread::sleep(TICK);
        for line in sink.news() {
            let Ok(line) = serde_json::to_string(&line) else {
                continue;
            };
            told += line.len();
            if told <= TOLD && writeln!(out, "{line}").is_err() {
                return 4;
            }
        }
        if out.flush().is_err() {
            return 4;
        }
    }
}

/// Opens all sockets, with a thread each; says whether other ports can be looked at, too.
fn listen(sink: &Arc<OutsideSink>) -> io::Result<bool> {
    let any = Ipv4Addr::UNSPECIFIED;
    let names = UdpSocket::bind((any, NAMES))?;
    let own = Arc::clone(sink);
    threads::start(move || own.answer_names(&names))?;
    let takers: [(&[u16], Taker); 3] = [
        (&[NAMES], OutsideSink::take_names),
        (&MAIL, OutsideSink::take_mail),
        (&WEB, OutsideSink::take_web),
    ];
    for (ports, taker) in takers {
        for &port in ports {
            let listener = TcpListener::bind((any, port))?;
            let own = Arc::clone(sink);
            threads::start(move || own.accept(&listener, port, taker))?;
        }
    }
    let kinds: [(IpProtocol, PacketLook); 2] = [
        (ipproto::TCP, other_connection),
        (ipproto::UDP, other_datagram),
    ];
    for (protocol, look) in kinds {
        let raw = socket_with(
            AddressFamily::INET,
            SocketType::RAW,
            SocketFlags::CLOEXEC,
            Some(protocol),
        );
        let Ok(raw) = raw else {
            return Ok(false);
        };
        let own = Arc::clone(sink);
        threads::start(move || {
            let mut packet = [0; 128];
            loop {
                match recv(&raw, &mut packet[..], RecvFlags::empty()) {
                    Ok((length, _)) => packet
                        .get(..length)
                        .and_then(look)
                        .into_iter()
                        .for_each(|heard| own.hear(heard)),
                    Err(rustix::io::Errno::INTR) => {}
                    Err(_) => return,
                }
            }
        })?;
    }
    Ok(true)
}

/// What a packet comes to.
type PacketLook = fn(&[u8]) -> Option<Overheard>;

/// What is done with a connection to a port.
type Taker = fn(&OutsideSink, TcpStream, u16) -> io::Result<()>;

fn other_connection(packet: &[u8]) -> Option<Overheard> {
    let port = ip::wanted_port(packet)?;
    let is_own = port == NAMES || MAIL.contains(&port) || WEB.contains(&port);
    let protocol = Protocol::Tcp;
    (!is_own).then_some(Overheard::Port { protocol, port })
}

fn other_datagram(packet: &[u8]) -> Option<Overheard> {
    let port = ip::datagram_port(packet)?;
    let protocol = Protocol::Udp;
    (port != NAMES).then_some(Overheard::Port { protocol, port })
}

/// The address by which whoever is at `peer` reaches this machine; nothing is sent for it.
fn address_towards(peer: IpAddr) -> Option<Ipv4Addr> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).ok()?;
    socket.connect((peer, NAMES)).ok()?;
    match socket.local_addr().ok()?.ip() {
        IpAddr::V4(address) => Some(address),
        IpAddr::V6(_) => None,
    }
}

/// Whether an address is this container's own.
fn is_own(address: Ipv4Addr) -> bool {
    address_towards(IpAddr::V4(address)) == Some(address)
}

impl OutsideSink {
    fn hear(&self, heard: Overheard) {
        let mut tally = self.tally.lock().unwrap_or_else(PoisonError::into_inner);
        tally.add(heard);
    }

    fn news(&self) -> Vec<HeardLine> {
        let mut tally = self.tally.lock().unwrap_or_else(PoisonError::into_inner);
        tally.news()
    }

    /// Takes connections, each on a thread of its own; what is too many at once is ended.
    fn accept(self: Arc<Self>, listener: &TcpListener, port: u16, taker: Taker) {
        for stream in listener.incoming() {
            let Ok(stream) = stream else {
                thread::sleep(TICK);
                continue;
            };
            if self.connections.fetch_add(1, Ordering::Relaxed) >= CONNECTIONS {
                self.connections.fetch_sub(1, Ordering::Relaxed);
                continue;
            }
            let own = Arc::clone(&self);
            let taken = threads::start(move || {
                let within = stream.set_read_timeout(Some(SILENCE));
                let within = within.and_then(|()| stream.set_write_timeout(Some(SILENCE)));
                // How it ends for whoever came is nothing to tell.
                let _ = within.and_then(|()| taker(&own, stream, port));
                own.connections.fetch_sub(1, Ordering::Relaxed);
            });
            if taken.is_err() {
                self.connections.fetch_sub(1, Ordering::Relaxed);
            }
        }
    }

    /// The answer to a packet from there; nothing to what is no question.
    fn answer(&self, packet: &[u8], peer: IpAddr) -> Option<Vec<u8>> {
        let question = dns::question(packet)?;
        let is_own = self.own.contains(&question.name);
        if !is_own {
            self.hear(Overheard::Name {
                name: question.name.clone(),
                kind: question.kind.clone(),
            });
        }
        let address = address_towards(peer).filter(|_| !is_own);
        let answer = address.map_or(DnsAnswer::NoSuchName, DnsAnswer::Address);
        Some(dns::answer(packet, &question, answer))
    }

    fn answer_names(&self, socket: &UdpSocket) {
        let mut packet = [0; 4096];
        loop {
            let Ok((length, peer)) = socket.recv_from(&mut packet) else {
                continue;
            };
            let asked = packet.get(..length).unwrap_or_default();
            if let Some(answer) = self.answer(asked, peer.ip()) {
                let _ = socket.send_to(&answer, peer);
            }
        }
    }

    fn take_names(&self, mut stream: TcpStream, _: u16) -> io::Result<()> {
        let peer: SocketAddr = stream.peer_addr()?;
        loop {
            let mut length = [0; 2];
            stream.read_exact(&mut length)?;
            let mut packet = vec![0; usize::from(u16::from_be_bytes(length))];
            stream.read_exact(&mut packet)?;
            let Some(answer) = self.answer(&packet, peer.ip()) else {
                return Ok(());
            };
            let length = u16::try_from(answer.len()).unwrap_or_default();
            stream.write_all(&[&length.to_be_bytes()[..], &answer].concat())?;
        }
    }

    fn take_mail(&self, stream: TcpStream, port: u16) -> io::Result<()> {
        let mut writing = stream.try_clone()?;
        writing.write_all(BANNER.as_bytes())?;
        let mut reading = BufReader::new(stream.take(LONGEST));
        if tls::is_tls(reading.fill_buf()?) {
            return self.take_hello(&mut reading, port);
        }
        let mut dialogue = SmtpDialogue::new(port);
        let done = loop {
            let line = match line(&mut reading) {
                Ok(Some(line)) => line,
                Ok(None) => break Ok(()),
                Err(error) => break Err(error),
            };
            let reply = dialogue.line(&line);
            reply.heard.into_iter().for_each(|heard| self.hear(heard));
            let said = writing.write_all(reply.said.as_bytes());
            if said.is_err() || reply.is_over {
                break said;
            }
        };
        dialogue
            .ended()
            .into_iter()
            .for_each(|heard| self.hear(heard));
        done
    }

    fn take_web(&self, mut stream: TcpStream, port: u16) -> io::Result<()> {
        let mut first = [0];
        if stream.peek(&mut first)? == 0 {
            self.hear(Overheard::Unknown { port });
            return Ok(());
        }
        if tls::is_tls(&first) {
            return self.take_hello(&mut stream, port);
        }
        let head = until(&mut stream, http::is_whole)?;
        let Some((heard, answer)) = http::request(&head, port) else {
            self.hear(Overheard::Unknown { port });
            return Ok(());
        };
        self.hear(heard);
        stream.write_all(answer.as_bytes())?;
        // Ended with something unread, its answer would be lost.
        stream.shutdown(std::net::Shutdown::Write)?;
        io::copy(&mut stream.take(LONGEST), &mut io::sink()).map(drop)
    }

    fn take_hello(&self, reading: &mut impl Read, port: u16) -> io::Result<()> {
        let hello = until(reading, tls::is_whole)?;
        let host = tls::server_name(&hello);
        self.hear(Overheard::Encrypted { host, port });
        Ok(())
    }
}

/// What comes until it is whole, or ends.
fn until(reading: &mut impl Read, is_whole: fn(&[u8]) -> bool) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut piece = [0; 4096];
    while !is_whole(&bytes) {
        match reading.read(&mut piece) {
            Ok(0) => break,
            Ok(length) => bytes.extend_from_slice(piece.get(..length).unwrap_or_default()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            // What was said until then is looked at all the same.
            Err(_) if !bytes.is_empty() => break,
            Err(error) => return Err(error),
        }
    }
    Ok(bytes)
}

/// The next line without its end, of a long one the beginning; nothing where there is none any more.
fn line(reading: &mut BufReader<impl Read>) -> io::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    let mut has_begun = false;
    loop {
        let piece = reading.fill_buf()?;
        if piece.is_empty() {
            return Ok(has_begun.then_some(line));
        }
        has_begun = true;
        let end = piece.iter().position(|byte| *byte == b'\n');
        let taken = end.unwrap_or(piece.len());
        let room = LONGEST_LINE.saturating_sub(line.len());
        line.extend_from_slice(&piece[..taken.min(room)]);
        reading.consume(end.map_or(taken, |end| end + 1));
        if end.is_some() {
            if line.last() == Some(&b'\r') {
                line.pop();
            }
            return Ok(Some(line));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_within_bounds() {
        let long = [&[b'x'; 9000][..], b"\r\nnext\nlast"].concat();
        let mut reading = BufReader::with_capacity(7, &long[..]);
        let mut next = || line(&mut reading).unwrap();
        assert_eq!(next().map(|line| line.len()), Some(LONGEST_LINE));
        assert_eq!(next().as_deref(), Some(&b"next"[..]));
        assert_eq!(next().as_deref(), Some(&b"last"[..]));
        assert_eq!(next(), None);
    }

    #[test]
    fn whoever_asks_is_led_to_the_address_that_it_reaches() {
        let local = address_towards(IpAddr::V4(Ipv4Addr::LOCALHOST));
        assert_eq!(local, Some(Ipv4Addr::LOCALHOST));
    }
}
