//! `conversations` and `database`: what is remembered, for how long, and where.

use std::path::Path;

use super::{SMALL, errors, errors_with, load, load_with};
use crate::{Conversations, Database};

/// A key that does not look like one, and may not be seen.
const KEY: &str = "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LTEyMzQ=";

fn conversations(section: &str) -> Option<Conversations> {
    load(&format!("{SMALL}conversations: {section}\n")).unwrap().conversations
}

#[test]
fn responses_are_stored_for_an_hour_where_nothing_is_said() {
    let usual = Conversations { store_by_default: true, ttl: Some(3600), max_ttl: Some(2_592_000) };
    assert_eq!(load(SMALL).unwrap().conversations, Some(usual));
    assert_eq!(conversations("{enabled: true, ttl: \"1h\"}"), Some(usual));
    assert_eq!(conversations("{enabled: false}"), None);
    let set = conversations("{store_by_default: false, ttl: 90s, max_ttl: 2h}");
    assert_eq!(set, Some(Conversations { store_by_default: false, ttl: Some(90), max_ttl: Some(7200) }));
    // Whoever keeps everything has no bound for those that ask.
    assert_eq!(conversations("{ttl: 0}"), Some(Conversations { ttl: None, max_ttl: None, ..usual }));
    assert_eq!(conversations("{ttl: 2000h}").unwrap().max_ttl, Some(7_200_000));
    for (section, said) in [
        ("{ttl: 250ms}", "`conversations.ttl` must be whole seconds such as"),
        ("{ttl: soon}", "`conversations.ttl` must be whole seconds such as"),
        ("{ttl: 2h, max_ttl: 1h}", "`conversations.max_ttl` must not be shorter than `conversations.ttl`"),
        ("{ttl: 0, max_ttl: 1h}", "`conversations.max_ttl` must not be shorter than `conversations.ttl`"),
        ("{tll: 1h}", "`conversations.tll`"),
    ] {
        let text = errors(&format!("{SMALL}conversations: {section}\n"));
        assert!(text.contains(said), "{section}: {text}");
    }
}

#[test]
fn the_database_is_a_file_in_the_usual_folder_or_what_is_said() {
    let file = |variables: &[(&str, &str)], more: &str| match load_with(&format!("{SMALL}{more}"), variables)
        .unwrap()
        .database
    {
        Database::File(file) => file,
        server @ Database::Server(_) => panic!("{server}"),
    };
    let home = [("HOME", "/home/ann")];
    assert_eq!(file(&home, ""), Path::new("/home/ann/.local/share/latticelm/latticelm.db"));
    let xdg = [("HOME", "/home/ann"), ("XDG_DATA_HOME", "/data")];
    assert_eq!(file(&xdg, ""), Path::new("/data/latticelm/latticelm.db"));
    assert_eq!(file(&[], ""), Path::new("latticelm-data/latticelm.db"));
    assert_eq!(file(&home, "database: {data_dir: /var/lib/x}\n"), Path::new("/var/lib/x/latticelm.db"));
    assert_eq!(file(&[("LATTICELM__DATABASE__DATA_DIR", "/d")], ""), Path::new("/d/latticelm.db"));
    assert_eq!(file(&[("DATABASE_URL", "sqlite:///d/x.db")], ""), Path::new("/d/x.db"));
    assert_eq!(file(&home, "database: {url: 'sqlite:x.db'}\n"), Path::new("x.db"));
    // D8: what the file says is not changed by a variable that stands for the same.
    assert_eq!(
        file(&[("DATABASE_URL", "sqlite:other.db")], "database: {url: 'sqlite:x.db'}\n"),
        Path::new("x.db")
    );
    let url = "postgres://ann:very-secret@db.test:5432/lattice?sslmode=disable";
    for settings in
        [load_with(SMALL, &[("DATABASE_URL", url)]), load(&format!("{SMALL}database: {{url: '{url}'}}\n"))]
    {
        let settings = settings.unwrap();
        assert_eq!(settings.database.to_string(), "PostgreSQL at db.test/lattice");
        assert!(!format!("{settings:?}").contains("very-secret"));
    }
}

#[test]
fn a10_a_wrong_address_or_key_is_named_and_not_shown() {
    for url in [
        "mysql://u:very-secret@h/d",
        "very-secret",
        "postgres://u:very-secret@h",
        "postgres://u:very secret@[h/d",
        "sqlite::memory:",
    ] {
        let text = errors_with(SMALL, &[("DATABASE_URL", url)]);
        assert!(text.contains("DATABASE_URL") && !text.contains("very"), "{url}: {text}");
        let text = errors(&format!("{SMALL}database: {{url: '{url}'}}\n"));
        assert!(text.contains("`database.url`") && !text.contains("very"), "{url}: {text}");
    }
    let settings = load_with(SMALL, &[("ENCRYPTION_KEY", KEY)]).unwrap();
    assert_eq!(settings.encryption.0.len(), 1);
    assert!(!format!("{settings:?}").contains("c2Vj"));
    let two = format!("{KEY}, {}", KEY.trim_end_matches('='));
    assert_eq!(load_with(SMALL, &[("ENCRYPTION_KEY", &two)]).unwrap().encryption.0.len(), 2);
    assert_eq!(load(&format!("{SMALL}database: {{encryption_key: {KEY}}}\n")).unwrap().encryption.0.len(), 1);
    for wrong in ["c2hvcnQ=", "not base64!", &format!("{KEY},"), &format!("{KEY}{KEY}")] {
        let text = errors_with(SMALL, &[("ENCRYPTION_KEY", wrong)]);
        assert!(
            text.contains("ENCRYPTION_KEY must hold base64 of 32 bytes") && !text.contains(wrong),
            "{text}"
        );
    }
}
