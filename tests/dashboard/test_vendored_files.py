import hashlib
import re

from tests.services.installation import REPOSITORY

VENDOR = REPOSITORY / "static" / "vendor"


def test_each_vendored_file_is_listed_and_is_what_the_list_says() -> None:
    text = (REPOSITORY / "THIRD_PARTY.md").read_text()
    listed = dict(re.findall(r"- `([^`]+)` `([0-9a-f]{64})`", text))
    there = {
        str(path.relative_to(REPOSITORY)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in VENDOR.rglob("*")
        if path.is_file() and path.name != "LICENSE"
    }
    assert there == listed


def test_each_vendored_library_stands_in_a_folder_of_its_version_with_its_licence() -> None:
    folders = {path.parent for path in VENDOR.rglob("*") if path.is_file()}
    assert folders
    for folder in folders:
        assert re.fullmatch(r"\d+\.\d+\.\d+", folder.name), folder
        assert (folder / "LICENSE").is_file(), folder
