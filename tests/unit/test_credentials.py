"""The file of credentials: who may read it, what it may hold, and writers that meet."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from worker.credentials import CredentialFile, SecretsError, UnwritableError

TOKEN, ID = "HOTLEAD_HUBSPOT_TOKEN", "HOTLEAD_HUBSPOT_CLIENT_ID"


@pytest.fixture
def file(tmp_path: Path) -> CredentialFile:
    return CredentialFile(tmp_path / "hotlead.credentials")


def plain(file: CredentialFile) -> dict[str, str]:
    return {name: value.get_secret_value() for name, value in file.read().items()}


def refusal(file: CredentialFile) -> str:
    with pytest.raises(SecretsError) as caught:
        file.read()
    return str(caught.value)


def write(file: CredentialFile, text: str, mode: int = 0o600) -> None:
    file.path.write_text(text, encoding="utf-8")
    file.path.chmod(mode)


def test_no_file_holds_nothing(file: CredentialFile) -> None:
    assert file.read() == {}


def test_what_was_put_is_read_and_only_the_owner_may_read_it(file: CredentialFile) -> None:
    before = os.umask(0)
    try:
        file.put({TOKEN: "pat-1", ID: SecretStr("id-1")})
    finally:
        os.umask(before)
    assert plain(file) == {TOKEN: "pat-1", ID: "id-1"}
    assert stat.S_IMODE(file.path.stat().st_mode) == 0o600
    assert [one.name for one in file.path.parent.glob(".hotlead*")] == []


def test_nothing_of_it_shows(file: CredentialFile) -> None:
    file.put({TOKEN: "pat-1"})
    assert "pat-1" not in f"{file!r} {file.read()!r} {vars(file)!r}"


def test_putting_one_name_leaves_the_others_and_the_comments_alone(file: CredentialFile) -> None:
    write(file, f"# of the portal\n{ID} = 'id-1'\n\n# the key\n{TOKEN}=old\nX=y\n")
    file.put({TOKEN: "new", "HOTLEAD_NEW": "n"})
    assert file.path.read_text() == (
        f"# of the portal\n{ID} = 'id-1'\n\n# the key\n{TOKEN}=new\nX=y\nHOTLEAD_NEW=n\n"
    )
    file.put({TOKEN: None})
    assert plain(file) == {ID: "id-1", "X": "y", "HOTLEAD_NEW": "n"}


PRINTABLE = st.text(min_size=1, max_size=60).filter(
    lambda text: text.isprintable() and text == text.strip()
)
QUOTED = st.builds(lambda text, quote: f"{quote}{text}{quote}", PRINTABLE, st.sampled_from("'\""))


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(values=st.dictionaries(st.sampled_from(["A", "B_2", TOKEN]), PRINTABLE | QUOTED))
def test_whatever_is_put_comes_back(file: CredentialFile, values: dict[str, str]) -> None:
    file.put(dict.fromkeys(("A", "B_2", TOKEN)) | values)
    assert plain(file) == values


def test_several_lines_are_written_on_one(file: CredentialFile) -> None:
    file.put({"HOTLEAD_SALESFORCE_PRIVATE_KEY": "-----BEGIN\r\nabc\n-----END\n"})
    assert plain(file) == {"HOTLEAD_SALESFORCE_PRIVATE_KEY": "-----BEGIN\\nabc\\n-----END"}


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o611, 0o666])
def test_a_file_that_others_may_touch_is_refused_with_the_mend(
    file: CredentialFile, mode: int
) -> None:
    write(file, f"{TOKEN}=hidden\n", mode)
    said = refusal(file)
    assert f"(mode {mode:04o}); run: chmod 600 {file.path}" in said
    assert "hidden" not in said
    with pytest.raises(SecretsError):
        file.put({ID: "x"})
    assert file.path.read_text() == f"{TOKEN}=hidden\n"


def test_a_link_to_a_file_that_others_may_read_is_refused(
    file: CredentialFile, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text(f"{TOKEN}=hidden\n")
    elsewhere.chmod(0o644)
    file.path.symlink_to(elsewhere)
    assert f"run: chmod 600 {elsewhere}" in refusal(file)


def test_a_link_to_a_strict_file_stays_a_link_and_the_file_is_changed(
    file: CredentialFile, tmp_path: Path
) -> None:
    (tmp_path / "vault").mkdir()
    target = tmp_path / "vault" / "real"
    target.write_text(f"{TOKEN}=old\n")
    target.chmod(0o600)
    file.path.symlink_to(target)
    file.put({TOKEN: "new"})
    assert file.path.is_symlink()
    assert target.read_text() == f"{TOKEN}=new\n"
    assert stat.S_IMODE(target.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("hidden\n", ":1 is not NAME=value"),
        (f"# fine\n{TOKEN}=hidden\n{TOKEN}=hidden\n", f":3 sets {TOKEN} again"),
        ("export A=hidden\n", ":1 is not NAME=value"),
        ("a-b=hidden\n", ":1 is not NAME=value"),
    ],
)
def test_a_line_that_is_none_is_named_by_its_number(
    file: CredentialFile, text: str, place: str
) -> None:
    write(file, text)
    said = refusal(file)
    assert f"{file.path}{place}" in said
    assert "hidden" not in said


def test_what_is_no_text_or_no_file_is_refused(file: CredentialFile) -> None:
    file.path.write_bytes(b"\xff\xfe")
    file.path.chmod(0o600)
    assert "no text file" in refusal(file)
    file.path.write_bytes(b"A=" + b"x" * 300_000)
    assert "too large" in refusal(file)
    file.path.unlink()
    file.path.mkdir(mode=0o700)
    assert "is no file" in refusal(file)
    assert "cannot be read" in refusal(CredentialFile(Path("a\x00b")))


@pytest.mark.parametrize(
    "values",
    [
        {"hubspot": "x"},
        {"A B": "x"},
        {TOKEN: ""},
        {TOKEN: " "},
        {TOKEN: "hid\x00den"},
        {TOKEN: "hid\nden"},
    ],
)
def test_what_cannot_be_kept_is_refused_and_changes_nothing(
    file: CredentialFile, values: dict[str, str]
) -> None:
    file.put({ID: "id-1"})
    with pytest.raises(SecretsError) as caught:
        file.put(values)
    assert "hid" not in str(caught.value)
    assert plain(file) == {ID: "id-1"}


def test_threads_that_write_at_once_lose_nothing(tmp_path: Path) -> None:
    def put(number: int) -> None:
        CredentialFile(tmp_path / "c").put({f"N{number}": str(number)})

    threads = [threading.Thread(target=put, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert plain(CredentialFile(tmp_path / "c")) == {f"N{n}": str(n) for n in range(8)}


WRITER = """
import sys
from pathlib import Path
from worker.credentials import CredentialFile
for number in range(20):
    CredentialFile(Path(sys.argv[1])).put({f"{sys.argv[2]}_{number}": str(number)})
"""


def test_processes_that_write_at_once_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "c"
    command = [sys.executable, "-c", WRITER, str(path)]
    running = [subprocess.Popen([*command, name]) for name in ("A", "B")]
    assert [one.wait(timeout=60) for one in running] == [0, 0]
    assert len(CredentialFile(path).read()) == 40


def test_what_a_writer_left_that_died_is_cleared_away(file: CredentialFile) -> None:
    left = file.path.with_name(f".{file.path.name}.abc")
    left.write_text(f"{TOKEN}=hidden\n")
    file.put({ID: "x"})
    assert not left.exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written_is_named(file: CredentialFile) -> None:
    file.put({ID: "x"})
    file.path.parent.chmod(0o500)
    try:
        for left in file.path.parent.glob("*.lock"):
            assert left.exists()
        with pytest.raises(UnwritableError) as caught:
            file.put({ID: "y"})
        with file.turn():
            assert plain(file) == {ID: "x"}
    finally:
        file.path.parent.chmod(0o700)
    assert "cannot be written" in str(caught.value)
    assert "credentials: in hotlead.yaml" in str(caught.value)


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    file = CredentialFile(tmp_path / "gone" / "c")
    with pytest.raises(UnwritableError):
        file.put({ID: "x"})
    with file.turn():
        assert file.read() == {}
