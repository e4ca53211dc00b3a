//! Where something stands below a tree's root, without a path for each.

use std::ffi::{CStr, CString};
use std::sync::Arc;

use super::stat::FileId;

/// The folder of a tree that something stands in: a chain of names up to the root. Chains
/// share their upper part, so a million files cost no million paths.
#[derive(Debug)]
pub(crate) struct DirChain {
    above: Option<Arc<DirChain>>,
    name: CString,
    /// Which folder it was when it was opened, where somebody looked.
    id: Option<FileId>,
}

impl DirChain {
    /// The tree's root itself.
    pub(crate) fn root() -> Arc<Self> {
        Arc::new(Self {
            above: None,
            name: CString::default(),
            id: None,
        })
    }

    /// The folder `name` in `self`.
    pub(crate) fn below(self: &Arc<Self>, name: &CStr) -> Arc<Self> {
        self.opened_below(name, None)
    }

    /// The folder `name` in `self`, and which one it is.
    pub(crate) fn opened_below(self: &Arc<Self>, name: &CStr, id: Option<FileId>) -> Arc<Self> {
        Arc::new(Self {
            above: Some(Arc::clone(self)),
            name: name.to_owned(),
            id,
        })
    }

    /// True if a folder above this one, the root not among them, is the folder `id`.
    pub(crate) fn is_below(&self, id: FileId) -> bool {
        let above = std::iter::successors(self.above.as_deref(), |chain| chain.above.as_deref());
        above.into_iter().any(|chain| chain.id == Some(id))
    }

    /// True for the root.
    pub(crate) fn is_root(&self) -> bool {
        self.above.is_none()
    }

    /// The last name; empty for the root.
    pub(crate) fn name(&self) -> &CStr {
        &self.name
    }

    /// The names from the root down to this folder.
    pub(crate) fn names(&self) -> Vec<&CStr> {
        let mut names = Vec::new();
        let mut place = self;
        while let Some(above) = &place.above {
            names.push(place.name.as_c_str());
            place = above;
        }
        names.reverse();
        names
    }

    /// The path below the root, `/` between the names; empty for the root.
    pub(crate) fn path(&self) -> Vec<u8> {
        join(self.names())
    }

    /// The path of `name` in this folder; of the folder itself where `name` is empty.
    pub(crate) fn path_of(&self, name: &CStr) -> Vec<u8> {
        let names = self.names();
        join(names.into_iter().chain(std::iter::once(name)))
    }
}

impl Drop for DirChain {
    /// Lets go of a long chain without recursion.
    fn drop(&mut self) {
        let mut above = self.above.take();
        while let Some(place) = above.and_then(Arc::into_inner) {
            let mut place = place;
            above = place.above.take();
        }
    }
}

fn join<'a>(names: impl IntoIterator<Item = &'a CStr>) -> Vec<u8> {
    let mut path = Vec::new();
    for name in names {
        if !path.is_empty() && !name.is_empty() {
            path.push(b'/');
        }
        path.extend_from_slice(name.to_bytes());
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_knows_its_path() {
        let root = DirChain::root();
        let inner = root.below(c"a").below(c"b");
        assert_eq!(root.path(), b"");
        assert_eq!(inner.path(), b"a/b");
        assert_eq!(inner.path_of(c"c"), b"a/b/c");
        assert_eq!(root.path_of(c"c"), b"c");
    }

    #[test]
    fn a_chain_of_a_million_places_is_let_go_without_recursion() {
        let mut place = DirChain::root();
        for _ in 0..1_000_000 {
            place = place.below(c"d");
        }
        drop(place);
    }
}
