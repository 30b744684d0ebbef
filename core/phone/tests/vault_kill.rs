//! The vault survives a kill at any point: a real child process writes, and is killed while it does.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test says what it expects by panicking")]

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use nod_phone::{
    FileStorage, KdfCost, KeyName, KeyPurpose, KeyStore as _, SoftwareKeys, Unlock, Vault, VaultError,
};
use nod_protocol::{OsRandom, random::below};

const KILLS: u32 = 40;

fn open(dir: &std::path::Path) -> Result<SoftwareKeys, VaultError> {
    let storage = FileStorage::in_dir(dir)?;
    let unlock = Unlock::passphrase("correct horse");
    let vault = Vault::unlock(Box::new(storage), &unlock, KdfCost::LEAST, Arc::new(OsRandom))?;
    Ok(SoftwareKeys::new(Arc::new(vault), Arc::new(OsRandom)))
}

fn name(n: u32) -> KeyName {
    KeyName::parse(&format!("k{n}")).unwrap()
}

/// The child: reads the directory and the first number from its input, makes key after key, and says so after each.
/// Keys far back are deleted, so that the file stays small.
#[test]
#[ignore = "run by the test below as a process of its own"]
fn child() {
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).unwrap();
    let (first, dir) = line.trim_end().split_once(' ').unwrap();
    let keys = open(dir.as_ref()).unwrap();
    for n in first.parse::<u32>().unwrap().. {
        keys.create(&name(n), KeyPurpose::Deny).unwrap();
        println!("\ndone {n}");
        std::io::stdout().flush().unwrap();
        if let Some(old) = n.checked_sub(50) {
            keys.delete(&name(old)).unwrap();
        }
    }
}

#[test]
fn a_kill_at_any_point_loses_nothing_that_was_acknowledged() {
    let dir = tempfile::tempdir().unwrap();
    let mut next = 0;
    for _ in 0..KILLS {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["child", "--exact", "--ignored", "--nocapture"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        writeln!(child.stdin.take().unwrap(), "{next} {}", dir.path().display()).unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut done = None;
        let mut read = |lines: &mut std::io::Lines<_>| -> bool {
            for line in lines.by_ref() {
                if let Some(n) = line.unwrap().strip_prefix("done ") {
                    done = Some(n.parse::<u32>().unwrap());
                    return true;
                }
            }
            false
        };
        assert!(read(&mut lines), "the child works");
        std::thread::sleep(Duration::from_micros(below(&OsRandom, 8_000).unwrap().into()));
        child.kill().unwrap();
        while read(&mut lines) {}
        child.wait().unwrap();
        let done = done.unwrap();
        let keys = open(dir.path()).expect("the vault opens after a kill");
        for n in done.saturating_sub(40)..=done {
            assert!(keys.public_key(&name(n)).is_ok(), "key {n} of {done} was acknowledged and is lost");
        }
        // One more may have been written without having been acknowledged.
        next = if keys.public_key(&name(done + 1)).is_ok() { done + 2 } else { done + 1 };
    }
    assert!(next > KILLS, "the children made progress");
}

#[test]
fn processes_that_share_a_directory_take_turns() {
    let dir = tempfile::tempdir().unwrap();
    std::thread::scope(|scope| {
        for worker in 0..4 {
            let path = dir.path();
            scope.spawn(move || {
                let keys = open(path).unwrap();
                for n in 0..25 {
                    keys.create(&name(worker * 100 + n), KeyPurpose::Deny).unwrap();
                }
            });
        }
    });
    let keys = open(dir.path()).unwrap();
    for worker in 0..4 {
        for n in 0..25 {
            assert!(keys.public_key(&name(worker * 100 + n)).is_ok(), "key {n} of worker {worker}");
        }
    }
}
