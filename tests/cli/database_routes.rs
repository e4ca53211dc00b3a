//! However a database's files get from one release to the next, what is on disk is held against the image that will
//! open them.

use std::fs;
use std::os::unix::fs::symlink;

use super::new_release::TwoReleases;

/// How the files are mounted, old and new: a folder, or a volume as it is defined. `HOST` is a folder of the host.
struct Route {
    mounts: [&'static str; 2],
    volumes: [&'static str; 2],
    recipe: &'static str,
    /// What is answered.
    args: &'static str,
    /// Where the files are: below the install, or in `HOST`.
    files: &'static str,
}

const ROUTE: Route = Route {
    mounts: ["data"; 2],
    volumes: ["{}"; 2],
    recipe: "",
    args: "",
    files: "",
};
const FOLDER: Route = Route {
    mounts: ["./data"; 2],
    files: "releases/v1/data",
    ..ROUTE
};
const HOST: Route = Route {
    mounts: ["HOST"; 2],
    files: "HOST",
    ..ROUTE
};
const DEVICE: Route = Route {
    volumes: ["{data: {driver_opts: {type: none, o: bind, device: HOST}}}"; 2],
    files: "HOST",
    ..ROUTE
};
const EXTERNAL: Route = Route {
    volumes: ["{data: {external: true, name: shop}}"; 2],
    files: "volumes/shop",
    ..ROUTE
};
const PWD_DEVICE: &str = "{data: {driver_opts: {type: none, o: bind, device: '${PWD}/data'}}}";

const ROUTES: &[Route] = &[
    FOLDER,
    Route {
        mounts: ["./data", "./pg"],
        recipe: "renames: {folders: {data: pg}}",
        ..FOLDER
    },
    Route {
        mounts: ["./all/data", "./var/data"],
        recipe: "renames: {folders: {all: var}}",
        files: "releases/v1/all/data",
        ..FOLDER
    },
    Route {
        volumes: ["{data: {}}"; 2],
        files: "volumes/v1_data",
        ..ROUTE
    },
    Route {
        mounts: ["data", "pg"],
        volumes: ["{data: {}}", "{pg: {}}"],
        recipe: "renames: {volumes: {data: pg}}",
        files: "volumes/v1_data",
        ..ROUTE
    },
    Route {
        mounts: ["./data", "pg"],
        volumes: ["{}", "{pg: {}}"],
        recipe: "renames: {volumes: {./data: pg}}",
        ..FOLDER
    },
    Route {
        mounts: ["HOST", "pg"],
        volumes: ["{}", "{pg: {}}"],
        recipe: "renames: {volumes: {HOST: pg}}",
        ..HOST
    },
    Route {
        mounts: ["pg", "./data"],
        volumes: ["{pg: {}}", "{}"],
        recipe: "renames: {volumes: {pg: ./data}}",
        files: "volumes/v1_pg",
        ..ROUTE
    },
    Route {
        mounts: ["pg", "data"],
        volumes: ["{pg: {}}", PWD_DEVICE],
        recipe: "renames: {volumes: {pg: ./data}}",
        files: "volumes/v1_pg",
        ..ROUTE
    },
    Route {
        args: " --own HOST",
        ..HOST
    },
    Route {
        args: " --share HOST",
        ..HOST
    },
    Route {
        args: " --own HOST",
        ..DEVICE
    },
    Route {
        args: " --share HOST",
        ..DEVICE
    },
    Route {
        volumes: [PWD_DEVICE; 2],
        ..Route {
            mounts: ["data"; 2],
            ..FOLDER
        }
    },
    Route {
        args: " --own data",
        ..EXTERNAL
    },
    Route {
        args: " --share data",
        ..EXTERNAL
    },
    // Behind a symlink that leads out of the release.
    Route {
        args: " --own HOST",
        files: "HOST",
        ..FOLDER
    },
    Route {
        args: " --share HOST",
        files: "HOST",
        ..FOLDER
    },
];

impl Route {
    fn release(&self, number: usize, image: &str, host: &str) -> String {
        let text = format!(
            "services:\n  db:\n    image: {image}\n    volumes: ['{}:/var/lib/postgresql/data']\nvolumes: {}\n",
            self.mounts[number], self.volumes[number]
        );
        text.replace("HOST", host)
    }
}

#[test]
fn files_of_another_major_are_seen_by_whatever_way_they_come() {
    for (number, route) in ROUTES.iter().enumerate() {
        let outside = tempfile::tempdir().unwrap();
        let host = outside.path().canonicalize().unwrap();
        let host = host.to_str().unwrap();
        let install = TwoReleases::new(&[
            (
                "releases/v1/compose.yaml",
                &route.release(0, "postgres:14", host),
            ),
            (
                "releases/v2/compose.yaml",
                &route.release(1, "postgres:17", host),
            ),
            ("transship.yml", &route.recipe.replace("HOST", host)),
        ]);
        if route.files == "HOST" {
            fs::write(outside.path().join("PG_VERSION"), "14\n").unwrap();
            fs::create_dir(outside.path().join("global")).unwrap();
            if route.mounts[0] == "./data" {
                symlink(host, install.0.path().join("releases/v1/data")).unwrap();
            }
        } else {
            install.write(&format!("{}/PG_VERSION", route.files), "14\n");
            install.write(&format!("{}/global/1", route.files), "");
        }
        let plan = format!(
            "plan v2 --theirs compose.yaml{}",
            route.args.replace("HOST", host)
        );
        let ran = install.run(&plan);
        assert!(
            ran.err.contains("holds PostgreSQL 14"),
            "route {number}: {}{}",
            ran.out,
            ran.err
        );
        ran.exits(3);
        // An image that fits is no matter.
        let new = route.release(1, "postgres:14", host);
        install.write("releases/v2/compose.yaml", &new);
        install.run(&plan).exits(0);
    }
}
