use super::*;

fn masked(path: &str, old: &str, new: &str) -> String {
    pair(Path::new(path), old, new, &SecretWords::default()).1
}

#[test]
fn a_value_of_an_env_file_is_masked_by_its_name_and_its_shape() {
    let text = "# the key: see the manual\nPORT=80\nexport TOKEN = 'x'\r\nEMPTY=\n#DB_PASSWORD=a\n\
                HOOK=glpat-AbCdEf0123456789xyzw\nURI=pg://me:pw@db\n";
    let expected = "# the key: see the manual\nPORT=80\nexport TOKEN = ********\r\nEMPTY=\n\
                    #DB_PASSWORD=********\nHOOK=********\nURI=pg://********@db\n";
    assert_eq!(masked("a/.env", text, text), expected);
}

#[test]
fn a_changed_value_shows_as_changed_and_not_as_itself() {
    assert_eq!(
        masked(".env", "KEY_A=1\nKEY_B=2\n", "KEY_A=1\nKEY_B=3\nKEY_C=4\n"),
        "KEY_A=********\nKEY_B=******** (changed)\nKEY_C=********\n"
    );
}

#[test]
fn a_value_is_masked_by_its_name_and_by_what_is_in_it() {
    let value = |name: &str, text: &str| value(name, text, &SecretWords::default());
    assert_eq!(value("DB_PASSWORD", "x"), MASK);
    assert_eq!(value("PORT", "80"), "80");
    assert_eq!(value("PEM", "-----BEGIN PRIVATE KEY-----\nx"), MASK);
    assert_eq!(value("12", "a\n  secret: x\n"), "a\n  secret: ********\n");
    assert_eq!(value("DB", "pg://me:hunter2@db"), "pg://********@db");
}

#[test]
fn passwords_within_a_value_are_masked() {
    for (text, expect) in [
        (
            "Server=db;Password=x y;Db=a",
            "Server=db;Password=******** y;Db=a",
        ),
        (
            "-Djavax.keyStorePassword=abc -Xmx1g",
            "-Djavax.keyStorePassword=******** -Xmx1g",
        ),
        ("http://x/?token=abc&a=b", "http://x/?token=********&a=b"),
        ("PASSWORD=", "PASSWORD="),
        ("no secret = here", "no secret = here"),
        ("tokens", "tokens"),
    ] {
        assert_eq!(without_passwords(text), expect);
    }
}

#[test]
fn what_somebody_calls_secret_is_masked_too() {
    let words = SecretWords::with(["LICENSE".to_owned(), String::new()]);
    assert_eq!(value("ACME_LICENSE_NO", "12", &words), MASK);
    assert_eq!(value("PORT", "12", &words), "12");
    let text = "  license: 12345\n";
    let masked = pair(Path::new("app.yml"), text, text, &words).0;
    assert_eq!(masked, "  license: ********\n");
    assert_eq!(Secrets::new(false, words).variable("LICENSE", "12"), MASK);
}

#[test]
fn a_value_over_several_lines_is_masked_to_its_end() {
    let text = "KEY=\"-----BEGIN\nhunter2\nend\"\nB=2\n";
    let expected = "KEY=********\n********\n********\nB=2\n";
    assert_eq!(masked(".env", text, text), expected);
}

#[test]
fn secrets_are_masked_wherever_they_turn_up() {
    let mut secrets = Secrets::new(false, SecretWords::default());
    secrets.add([
        ("DB_PASSWORD".to_owned(), "hunter2".to_owned()),
        ("TAG".to_owned(), "v2.10".to_owned()),
    ]);
    assert_eq!(secrets.variable("DB_PASSWORD", "hunter2"), MASK);
    assert_eq!(secrets.variable("ADMIN", "hunter2"), MASK);
    assert_eq!(secrets.variable("CITY", "Bonn am Rhein"), "Bonn am Rhein");
    for harmless in ["v2.10.5", "8080", "2.1.0-rc.1", "true"] {
        assert_eq!(secrets.variable("TAG", harmless), harmless);
        assert_eq!(secrets.variable("TOKEN", harmless), MASK);
    }
    assert_eq!(secrets.setting(Some("URL_X"), "x"), MASK);
    assert_eq!(secrets.setting(Some("DSN"), "x"), MASK);
    assert_eq!(secrets.setting(None, "a hunter2 b"), format!("a {MASK} b"));
    assert_eq!(
        secrets.command("redis-server --requirepass abc"),
        format!("redis-server --requirepass {MASK}")
    );
    let mut open = Secrets::new(true, SecretWords::default());
    open.add([("DB_PASSWORD".to_owned(), "hunter2".to_owned())]);
    assert_eq!(open.setting(Some("DB_PASSWORD"), "hunter2"), "hunter2");
}

#[test]
fn in_other_files_what_sounds_secret_is_masked_to_the_end_of_the_line() {
    for (line, expected) in [
        (
            "image: quay.io/keycloak/keycloak:23",
            "image: quay.io/keycloak/keycloak:23",
        ),
        (
            "    image: web:1 # the token",
            "    image: web:1 # the token",
        ),
        (
            "  POSTGRES_PASSWORD: hunter2",
            "  POSTGRES_PASSWORD: ********",
        ),
        ("  - API_TOKEN=abc", "  - API_TOKEN=********"),
        (
            "command: redis-server --requirepass hunter2",
            "command: redis-server --requirepass ********",
        ),
        (
            "environment: [\"A=b\", \"DB_DSN_X=y\"]",
            "environment: [\"A=b\", \"DB_DSN_X=********\"]",
        ),
        ("# PASSWORD=hunter2", "# PASSWORD=********"),
        (
            "environment: {ROOT_PASSWORD: hunter2, TZ: UTC}",
            "environment: {ROOT_PASSWORD: ********, TZ: UTC}",
        ),
        (
            "environment: {ROOT_PASSWORD: \"a\\\"b\", TZ: UTC}",
            "environment: {ROOT_PASSWORD: ********",
        ),
        (
            "environment: {ROOT_PASSWORD: \"hun}ter2\"}",
            "environment: {ROOT_PASSWORD: ********}",
        ),
        ("  ORIENT_PW: $ORIENT_PW", "  ORIENT_PW: $ORIENT_PW"),
        (
            "  ORIENT_PW: \"${ORIENT_PW:?set it}\"",
            "  ORIENT_PW: \"${ORIENT_PW:?set it}\"",
        ),
        ("  PASS: ${PW:-hunter2}", "  PASS: ********"),
        ("  PASS: hunter2}x", "  PASS: ********"),
        (
            "# the token is kept elsewhere",
            "# the token is kept elsewhere",
        ),
        ("Note the key: it is long", "Note the key: it is long"),
        ("Authors: A. and B.", "Authors: A. and B."),
        ("requirepass hunter2", "requirepass ********"),
        ("keys are kept in a safe", "keys are kept in a safe"),
        (
            "curl -H 'x: ghp_abcdefghijklmnopqrstuvwxyz0123'",
            "curl -H 'x: ********",
        ),
        ("password = hunter2", "password = ********"),
        (
            "  db: postgres://me:hunter2@db/x",
            "  db: postgres://********@db/x",
        ),
        ("  restart: always", "  restart: always"),
    ] {
        assert_eq!(masked("docker-compose.yml", line, line), expected);
    }
}

#[test]
fn every_secret_of_a_line_is_masked_and_what_stands_between_is_shown() {
    for (line, expected) in [
        (
            "  m: {image: \"acme/s:1\", environment: {X: \"1\", URL: \"smtp://me:pa55\", DB_PASSWORD: \"toor\"}, \
             command: [\"--password=hunter3\", \"-v\"]}",
            "  m: {image: \"acme/s:1\", environment: {X: \"1\", URL: ********, DB_PASSWORD: ********}, command: \
             [\"--password=********\", \"-v\"]}",
        ),
        (
            "e: {ROOT_PW: toor, SMTP: \"smtp://me:pa55@h\", A: b}",
            "e: {ROOT_PW: ********, SMTP: \"smtp://********@h\", A: b}",
        ),
        (
            "e: {PW: \"$PW\", DB_PASSWORD: toor, PORT: 80}",
            "e: {PW: \"$PW\", DB_PASSWORD: ********, PORT: 80}",
        ),
        (
            "e: {PW: \"${PW:?a, b}\", KEY: toor}",
            "e: {PW: \"${PW:?a, b}\", KEY: ********}",
        ),
        (
            "{passwords: [abc, 'd]e', fgh], A: b}",
            "{passwords: ********, A: b}",
        ),
        (
            "command: [\"--requirepass\", \"hunter2\", \"-v\"]",
            "command: [\"--requirepass\", ********, \"-v\"]",
        ),
        (
            "x: [ghp_abcdefghijklmnopqrstuvwxyz0123, {TOKEN: abc}, 1]",
            "x: [********, {TOKEN: ********}, 1]",
        ),
        (
            "  image: acme/web:1, environment: {PASSWORD: toor}}",
            "  image: acme/web:1, environment: {PASSWORD: ********}}",
        ),
        (
            "{\"user\": \"me\", \"password\": \"toor\", \"token\": \"abc\", \"port\": 80}",
            "{\"user\": \"me\", \"password\": ********, \"token\": ********, \"port\": 80}",
        ),
    ] {
        assert_eq!(masked("docker-compose.yml", line, line), expected);
    }
}

#[test]
fn a_changed_secret_shows_wherever_in_its_line_it_stands() {
    let old = "e: {PASSWORD: a, TOKEN: b, X: 1}\n";
    let new = "e: {PASSWORD: a, TOKEN: c, X: 2, KEY: d}\n";
    assert_eq!(
        masked("compose.yaml", old, new),
        "e: {PASSWORD: ********, TOKEN: ******** (changed), X: 2, KEY: ********}\n"
    );
}

#[test]
fn a_secret_of_several_lines_is_masked_to_its_end() {
    for (text, expected) in [
        (
            "  DB_PASSWORD: |\n    hunter2\n\n    more: x\n  PORT: 80\n",
            "  DB_PASSWORD: ********\n    ********\n\n    ********\n  PORT: 80\n",
        ),
        (
            "- TOKEN: &t >-\n    hunter2\n  PORT: 80\n",
            "- TOKEN: ********\n    ********\n  PORT: 80\n",
        ),
        (
            "  PASSWORD:\n    hunter2\n  A: b\n",
            "  PASSWORD:\n    ********\n  A: b\n",
        ),
        (
            "tokens:\n- abc\n- def\nA: b\n",
            "tokens:\n- ********\n- ********\nA: b\n",
        ),
        (
            "PASSWORD: \"hun\n  ter\n2\"\nA: b\n",
            "PASSWORD: ********\n********\n********\nA: b\n",
        ),
        (
            "command:\n  - --password\n  - hunter2\n  - --verbose\n",
            "command:\n  - --password\n  - ********\n  - --verbose\n",
        ),
        (
            "[\n  \"--password\",\n  \"hunter2\",\n  \"-v\"\n]\n",
            "[\n  \"--password\",\n  ********\n  \"-v\"\n]\n",
        ),
        // A mapping whose name sounds secret is judged by its own keys.
        (
            "keycloak:\n  image: a:1\n  PASSWORD: x\n\"auth\": {\n  \"mode\": \"on\"\n}\n",
            "keycloak:\n  image: a:1\n  PASSWORD: ********\n\"auth\": {\n  \"mode\": \"on\"\n}\n",
        ),
    ] {
        assert_eq!(masked("compose.yaml", text, text), expected, "{text}");
    }
    let prose = "Keys:\n\n- one of them\n";
    assert_eq!(masked("README.md", prose, prose), prose);
}
