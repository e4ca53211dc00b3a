//! What answers for the outside in a rehearsal's clone: every name leads to it, and it takes what is sent
//! there, answers as little as gets a sender to tell to whom, and says what it heard.
//!
//! It is transship itself, in a helper's container that is on the clone's networks and nowhere else, and it
//! passes nothing on. The parsers are pure functions over bytes that anybody may have sent: bounded, and what
//! they make of them is printable. `serving` has the sockets; what was heard is a [`Overheard`], told as a
//! [`HeardLine`] of JSON each.

pub(super) mod dns;
pub(crate) mod fuzzed;
mod heard;
mod host_reach;
mod http;
mod ip;
mod serving;
mod smtp;
mod tally;
mod tls;

pub use heard::{HeardLine, Overheard, Protocol};
pub use serving::serve;
