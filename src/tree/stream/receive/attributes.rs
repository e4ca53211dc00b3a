//! Receiving what is never opened, and giving everything the attributes that came with it.

use std::ffi::{CStr, CString};
use std::io;
use std::os::fd::AsFd as _;

use rustix::fs::{FileType, IFlags, Timespec};

use super::{IncomingName, Receiver};
use crate::fs::InodeFd;
use crate::tree::copy::{Attributes, InodeDefaults, apply};
use crate::tree::error::{Error, Lost};
use crate::tree::stream::format::broken;
use crate::tree::stream::stream_record::Meta;
use crate::tree::walk::stat::{self, Stat, Xattrs};

impl Receiver<'_> {
    pub(super) fn node(
        &mut self,
        name: Vec<u8>,
        kind: FileType,
        (major, minor): (u32, u32),
        link: u64,
        meta: &Meta,
    ) -> Result<(), Error> {
        let spot = self.spot(name)?;
        let device = rustix::fs::makedev(major, minor);
        let made = self
            .disk
            .make_node_at(spot.dir.as_fd(), &spot.name, kind, device);
        match made {
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                self.lose(spot.path, Lost::Node, error.to_string());
                Ok(())
            }
            made => {
                made.map_err(self.fail(&spot.path))?;
                self.made(&spot, link, meta, kind)
            }
        }
    }

    /// Something was made that is never opened.
    pub(super) fn made(
        &mut self,
        spot: &IncomingName,
        link: u64,
        meta: &Meta,
        kind: FileType,
    ) -> Result<(), Error> {
        let held = stat::hold(spot.dir.as_fd(), &spot.name).map_err(self.fail(&spot.path))?;
        self.attributes(
            InodeFd::Named(held.as_fd()),
            &spot.name,
            &spot.path,
            meta,
            kind,
        )?;
        self.settle(spot, link, meta);
        self.copied.counts.others += 1;
        self.progress.advance(0, 1);
        Ok(())
    }

    /// What is there stays, with the attributes that came.
    pub(super) fn kept(&mut self, name: Vec<u8>, link: u64, meta: &Meta) -> Result<(), Error> {
        let spot = self.name(name)?;
        let looked = stat::hold(spot.dir.as_fd(), &spot.name)
            .and_then(|held| Stat::of(held.as_fd()).map(|stat| (held, stat)));
        let (held, stat) = looked.map_err(|_| broken("about something that isn't there"))?;
        match stat.kind {
            FileType::Directory => return Err(broken("about something that isn't there")),
            FileType::RegularFile => {
                let fd = stat::open_held(held.as_fd()).map_err(self.fail(&spot.path))?;
                self.unlock(fd.as_fd(), &spot.name)
                    .map_err(self.fail(&spot.path))?;
                self.attributes(
                    InodeFd::Open(fd.as_fd()),
                    &spot.name,
                    &spot.path,
                    meta,
                    stat.kind,
                )?;
            }
            kind => {
                let held = InodeFd::Named(held.as_fd());
                self.attributes(held, &spot.name, &spot.path, meta, kind)?;
            }
        }
        self.settle(&spot, link, meta);
        self.progress.advance(stat.size, 1);
        Ok(())
    }

    pub(super) fn attributes(
        &mut self,
        held: InodeFd<'_>,
        name: &CStr,
        path: &[u8],
        meta: &Meta,
        kind: FileType,
    ) -> Result<(), Error> {
        let fail = self.fail(path);
        let now = Stat::of(held.fd()).map_err(&fail)?;
        let (wanted, xattrs, flags) = parts(meta, &Stat { kind, ..now })?;
        for (attribute, _) in self.xattrs.read(held).map_err(&fail)? {
            if attribute.as_c_str() != c"security.selinux"
                && xattrs.iter().all(|(each, _)| *each != attribute)
            {
                self.disk
                    .remove_xattr(held, name, &attribute)
                    .map_err(&fail)?;
            }
        }
        let attributes = Attributes {
            stat: &wanted,
            xattrs: &xattrs,
            flags,
        };
        let fresh = InodeDefaults {
            uid: now.uid,
            gid: now.gid,
            mode: None,
            flags: match held {
                InodeFd::Open(fd) => stat::flags(fd),
                InodeFd::Named(_) => self.fresh.2,
            },
        };
        let mut losses = Vec::new();
        let mut lost = |lost, reason| losses.push((lost, reason));
        apply(self.disk, held, name, &attributes, &fresh, &mut lost).map_err(&fail)?;
        for (lost, reason) in losses {
            self.lose(path.to_vec(), lost, reason);
        }
        Ok(())
    }
}

/// Attributes as they are applied; what doesn't count is as `now`.
pub(super) fn parts(meta: &Meta, now: &Stat) -> Result<(Stat, Xattrs, IFlags), Error> {
    let time = |(seconds, nanoseconds): (i64, u32)| Timespec {
        tv_sec: seconds,
        tv_nsec: nanoseconds.into(),
    };
    let stat = Stat {
        mode: meta.mode,
        uid: meta.uid,
        gid: meta.gid,
        accessed: time(meta.accessed),
        modified: time(meta.modified),
        ..*now
    };
    let xattr = |(name, value): &(Vec<u8>, Vec<u8>)| {
        Some((CString::new(name.clone()).ok()?, value.clone()))
    };
    let xattrs: Option<Xattrs> = meta.xattrs.iter().map(xattr).collect();
    let xattrs = xattrs.ok_or_else(|| broken("a broken record"))?;
    let flags = IFlags::from_bits_truncate(meta.flags) & stat::KEPT_FLAGS;
    Ok((stat, xattrs, flags))
}
