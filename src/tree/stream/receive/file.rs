//! Receiving a regular file: its data as it comes, its holes, and the proof.

use std::io;
use std::ops::Range;
use std::os::fd::{AsFd as _, OwnedFd};

use rustix::fs::{FileType, IFlags};

use super::{IncomingName, Receiver, sent};
use crate::fs::InodeFd;
use crate::tree::copy::set_flags;
use crate::tree::digest::{Digest, Sum};
use crate::tree::error::Error;
use crate::tree::reading::zeros;
use crate::tree::stream::format::{StreamReader, broken};
use crate::tree::stream::stream_record::{Meta, StreamRecord};
use crate::tree::walk::stat::Stat;
use crate::tree::walk::survey::Survey;

impl Receiver<'_> {
    pub(super) fn file(
        &mut self,
        stream: &mut StreamReader<'_>,
        spot: &IncomingName,
        size: u64,
        sparse: bool,
        flags: u32,
        link: u64,
    ) -> Result<(), Error> {
        let fail = self.fail(&spot.path);
        let (dir, name) = (spot.dir.as_fd(), spot.name.as_c_str());
        let fd = self.disk.create_at(dir, name, 0o600).map_err(&fail)?;
        if flags & IFlags::NOCOW.bits() != 0 {
            // To be said while the file is empty; it is told at the end if it can't be.
            let _ = set_flags(self.disk, fd.as_fd(), name, IFlags::NOCOW);
        }
        if !sparse && size > 0 {
            match self.disk.allocate(fd.as_fd(), name, size) {
                Err(error) if error.kind() == io::ErrorKind::StorageFull => {
                    return Err(fail(error));
                }
                // Where it can't be said beforehand, it is taken as it comes.
                _ => {}
            }
        }
        let (digest, end, meta) = self.contents(stream, &fd, spot, size)?;
        self.disk.set_size(fd.as_fd(), name, end.1).map_err(&fail)?;
        if digest != end.0 {
            return Err(broken("damaged on the way"));
        }
        self.attributes(
            InodeFd::Open(fd.as_fd()),
            name,
            &spot.path,
            &meta,
            FileType::RegularFile,
        )?;
        self.settle(spot, link, &meta);
        self.copied.counts += Survey {
            files: 1,
            bytes: end.1,
            allocated: Stat::of(fd.as_fd()).map_err(&fail)?.allocated,
            ..Survey::default()
        };
        self.progress.advance(0, 1);
        Ok(())
    }

    /// What came in truth, what should have, and the attributes.
    fn contents(
        &mut self,
        stream: &mut StreamReader<'_>,
        fd: &OwnedFd,
        spot: &IncomingName,
        mut most: u64,
    ) -> Result<(Digest, (Digest, u64), Meta), Error> {
        let fail = self.fail(&spot.path);
        let mut sum = Sum::default();
        let mut at = 0;
        loop {
            if self.progress.interrupted() {
                return Err(Error::Interrupted);
            }
            match stream.next()? {
                StreamRecord::Data { offset, bytes } => {
                    let end = offset + bytes.len() as u64;
                    self.hole(&mut sum, at..offset, most)?;
                    if end > most {
                        return Err(broken("with more of a file than there is"));
                    }
                    sum.bytes(&bytes);
                    self.disk
                        .write_at(fd.as_fd(), &spot.name, &bytes, offset)
                        .map_err(&fail)?;
                    self.disk
                        .start_writeback(fd.as_fd(), offset, bytes.len() as u64);
                    self.progress.advance(bytes.len() as u64, 0);
                    at = end;
                }
                StreamRecord::Again { size } => {
                    self.disk
                        .set_size(fd.as_fd(), &spot.name, 0)
                        .map_err(&fail)?;
                    (sum, at, most) = (Sum::default(), 0, size);
                }
                StreamRecord::FileEnd { size, digest, meta } => {
                    self.hole(&mut sum, at..size, most)?;
                    return Ok((sum.finish(), (digest, size), meta));
                }
                StreamRecord::Failed { kind, message } => return Err(sent(kind, &message)),
                _ => return Err(broken("with its records in no order")),
            }
        }
    }

    /// A hole of a file, which a stream could claim to be of any size.
    fn hole(&self, sum: &mut Sum, hole: Range<u64>, most: u64) -> Result<(), Error> {
        if hole.end > most {
            return Err(broken("with more of a file than there is"));
        }
        let length = hole.end.checked_sub(hole.start);
        let length = length.ok_or_else(|| broken("with its records in no order"))?;
        zeros(sum, length, self.progress).map_err(|_| Error::Interrupted)?;
        self.progress.advance(length, 0);
        Ok(())
    }
}
