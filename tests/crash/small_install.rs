//! An install of two small releases, v1 in use, in memory where there is a filesystem there.

use std::fs;
use std::path::Path;

use transship::engine::FakeVolumes;
use transship::fs::Disk;
use transship::progress::Silent;
use transship::release::Install as Layout;
use transship::upgrade::planning::prepare::prepare;
use transship::upgrade::{Plan, Request, Runner};

use super::{below, runner};

pub(super) struct SmallInstall {
    pub(super) root: tempfile::TempDir,
    pub(super) layout: Layout,
    pub(super) volumes: FakeVolumes,
}

impl SmallInstall {
    /// With these files: their paths and what is in them.
    pub(super) fn new(files: &[(&str, &str)]) -> Self {
        let memory = Path::new("/dev/shm");
        let root = match memory.is_dir() {
            true => tempfile::tempdir_in(memory).unwrap(),
            false => tempfile::tempdir().unwrap(),
        };
        for (path, text) in files {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        fs::create_dir_all(root.path().join("volumes")).unwrap();
        let layout = Layout::at(root.path()).unwrap();
        layout.adopt(&Disk::new()).unwrap();
        layout.identify(&Disk::new()).unwrap();
        let current = layout.current_link();
        Disk::new()
            .switch(&current, Path::new("releases/v1"))
            .unwrap();
        let volumes = FakeVolumes::new(&root.path().join("volumes"));
        Self {
            root,
            layout,
            volumes,
        }
    }

    /// The plan to v2, asked for as `with` has it.
    pub(super) fn plan(&self, with: impl FnOnce(&mut Request)) -> Plan {
        let mut request = Request::new("v2".parse().unwrap(), below("volumes"));
        with(&mut request);
        let prepared = prepare(&self.layout, &request, &self.volumes, &Silent);
        prepared.unwrap().plan
    }

    pub(super) fn runner<'a>(&'a self, disk: &'a Disk) -> Runner<'a> {
        runner(&self.layout, &self.volumes, disk)
    }
}
