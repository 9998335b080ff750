use super::*;
use std::str::FromStr;

const KEY: &str = "4c0883a69102937d6231471b5dbb6204fe5129617082792ae468d01a3f362318";
const ADDRESS: &str = "0x2c7536E3605D9C16a7a3D7b1898e529396a65c23";

fn keystore() -> (tempfile::TempDir, Keystore) {
    let folder = tempfile::tempdir().unwrap();
    let keystore = Keystore::new(folder.path().join("keys"));
    (folder, keystore)
}

fn password(text: &str) -> Password {
    Password::new(text.into())
}

#[test]
fn a_key_comes_back_with_the_right_password_only() {
    let (_folder, keystore) = keystore();
    let key = parse(KEY, "test").unwrap();
    let added = keystore.add("harbour-relayer", &key, &password("right")).unwrap();
    assert_eq!(added.address, Some(Address::from_str(ADDRESS).unwrap()));
    assert_eq!(keystore.open("harbour-relayer", &password("right")).unwrap(), key);
    assert!(matches!(keystore.open("harbour-relayer", &password("wrong")), Err(KeyError::WrongPassword(_))));
    assert_eq!(keystore.list().unwrap(), vec![added]);
}

#[test]
fn a_name_is_taken_once() {
    let (_folder, keystore) = keystore();
    let first = keystore.create("one", &password("p")).unwrap();
    assert!(matches!(keystore.create("one", &password("p")), Err(KeyError::Exists(_))));
    assert_eq!(keystore.entry("one").unwrap(), first);
}

#[test]
fn names_cannot_leave_the_folder() {
    let (_folder, keystore) = keystore();
    for name in ["", "../x", "a/b", ".hidden", "a b", &"x".repeat(65)] {
        assert!(matches!(keystore.create(name, &password("p")), Err(KeyError::Name(_))), "{name}");
    }
}

#[cfg(unix)]
#[test]
fn only_the_owner_can_read() {
    use std::os::unix::fs::PermissionsExt;
    let (_folder, keystore) = keystore();
    let entry = keystore.create("one", &password("p")).unwrap();
    assert_eq!(std::fs::metadata(&entry.path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(std::fs::metadata(keystore.folder()).unwrap().permissions().mode() & 0o777, 0o700);
    assert_eq!(std::fs::read_dir(keystore.folder()).unwrap().count(), 1, "nothing else is left behind");
}

/// The example of the Web3 secret storage definition, version 3.
#[test]
fn the_published_example_opens() {
    let (_folder, keystore) = keystore();
    std::fs::create_dir_all(keystore.folder()).unwrap();
    let document = r#"{"crypto":{"cipher":"aes-128-ctr","cipherparams":{"iv":"6087dab2f9fdbbfaddc31a909735c1e6"},
        "ciphertext":"5318b4d5bcd28de64ee5559e671353e16f075ecae9f99c7a79a38af5f869aa46","kdf":"pbkdf2",
        "kdfparams":{"c":262144,"dklen":32,"prf":"hmac-sha256",
        "salt":"ae3cd4e7013836a3df6bd7241b12db061dbe2c6785853cce422d148a624ce0bd"},
        "mac":"517ead924a9d0dc3124507e3393d175ce3ff7c1e96529c6c555ce9e51205e9b2"},
        "id":"3198bc9c-6672-5ab3-d995-4942343ae5b6","version":3}"#;
    std::fs::write(keystore.folder().join("example"), document).unwrap();
    let key = keystore.open("example", &password("testpassword")).unwrap();
    assert_eq!(hex::encode(key.to_bytes()), "7a28b5ba57c53603b0b07b56bba752f7784bf506fa95edc395f5cf6c7514fe9d");
    assert_eq!(keystore.entry("example").unwrap().address, None);

    for (from, to) in
        [("\"dklen\":32", "\"dklen\":8"), ("262144", "99999999999"), ("\"version\":3", "\"version\":1"), ("6087", "60")]
    {
        std::fs::write(keystore.folder().join("bad"), document.replacen(from, to, 1)).unwrap();
        assert!(matches!(keystore.open("bad", &password("testpassword")), Err(KeyError::Malformed { .. })), "{from}");
    }
}

#[test]
fn what_is_not_a_key_is_not_repeated() {
    for text in ["", "0x", &KEY[1..], &format!("{KEY}00"), &"0".repeat(64), &"f".repeat(64), &KEY.replace('4', "g")] {
        let error = parse(text, "environment variable X").unwrap_err().to_string();
        assert!(error.starts_with("environment variable X holds no private key"), "{error}");
        assert!(text.len() < 10 || !error.contains(text));
    }
    assert_eq!(parse(&format!("0x{KEY}\n"), "x").unwrap(), parse(KEY, "x").unwrap());
}

#[test]
fn secrets_do_not_show_themselves() {
    assert_eq!(format!("{:?}", password("hunter2")), "Password(…)");
    assert!(!format!("{:?}", parse(KEY, "x").unwrap()).to_lowercase().contains(&KEY[..16]));
}

#[test]
fn a_password_is_asked_for_only_when_it_is_needed() {
    let (_folder, keystore) = keystore();
    let missing = KeyRef::Keystore("nobody".into());
    let mut ask = || -> Result<Password, KeyError> { panic!("asked") };
    assert!(matches!(open(&[missing], &keystore, &mut ask), Err(KeyError::NotFound { .. })));
    let unset = KeyRef::Environment("LUPU_TEST_KEY_THAT_IS_NOT_SET".into());
    assert!(matches!(open(&[unset], &keystore, &mut ask), Err(KeyError::NoVariable(_))));
}
