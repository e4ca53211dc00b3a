//! Names that are taken: by a container of another side, or by what Compose makes of a project's name.

use std::fs;

use super::Sides;

#[test]
fn a_name_that_is_taken_is_refused_with_one_that_works_before_anything_is_written() {
    let text = "\
services:
  database: {image: r/db:1, container_name: shop-db, volumes: ['data:/d']}
volumes: {data: {name: shop-data}}
";
    let sides = Sides::compose(text);
    let more = format!("{text}  more: {{name: b_data}}\n")
        .replace("shop-data}}", "shop-data}")
        .replace("volumes: {data: {", "volumes:\n  data: {")
        .replace("['data:/d']}", "['data:/d']}\n  other: {image: r/x:1, container_name: shop-db-b, volumes: ['more:/m']}");
    fs::write(sides.0.path().join("A/compose.yaml"), more).unwrap();
    sides
        .fix(&[])
        .exits(3)
        .complains("2 places can't be edited, so nothing was")
        .complains("`shop-db-b` would be the name of `other` (A/compose.yaml:3:")
        .complains("choose another one: `--suffix=-b2`")
        .complains("`b_data` would be the name of `more` (A/compose.yaml:6:")
        .complains("choose another one: `--prefix b2_`");
    assert_eq!(sides.read("B/compose.yaml"), text);
    sides.fix(&["--suffix=-b2", "--prefix", "b2_"]).exits(0);
    let expect = text
        .replace("shop-db", "shop-db-b2")
        .replace("shop-data", "b2_data");
    assert_eq!(sides.read("B/compose.yaml"), expect);
    sides.is_valid();
}

#[test]
fn names_that_compose_makes_collide_with_those_that_files_fix() {
    let made = "services: {web: {image: r/web:1}}\n";
    let fixed = |name: &str| format!("services: {{x: {{image: r/x:1, container_name: {name}}}}}\n");
    let sides = Sides::compose(made);
    fs::write(sides.0.path().join("B/compose.yaml"), fixed("a-web-1")).unwrap();
    sides.run(&[]).exits(1).prints("container-name: a-web-1");
    sides.fix(&[]).exits(0);
    assert_eq!(sides.read("B/compose.yaml"), fixed("a-web-1-b"));
    // No suffix goes behind the name that is made.
    let sides = Sides::compose(made);
    fs::write(sides.0.path().join("A/compose.yaml"), fixed("b-web-1")).unwrap();
    sides
        .fix(&[])
        .exits(1)
        .prints("container-name: b-web-1")
        .prints("give the project another name with `-p`");
    assert_eq!(sides.read("B/compose.yaml"), made);
    sides
        .run(&["-p", "c"])
        .exits(0)
        .complains("nothing collides");
}
