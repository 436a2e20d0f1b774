"""Steps: outputs named by what they depend on, whole or not there, and made once."""

from pathlib import Path

import pytest
from tests.engine.example_steps import double, refuse, scatter

from carprice.engine import steps
from carprice.engine.steps import DRAFT, hold_work, name_output, run_step, write_output
from carprice.errors import EngineError, ListingsError


@pytest.fixture
def work(tmp_path: Path) -> Path:
    folder = tmp_path / "work"
    folder.mkdir()
    return folder


def test_a_step_writes_a_file_or_a_folder(write_file, work):
    source = write_file("ab")
    assert run_step(double, [source], work).read_text() == "abab"
    folder = run_step(scatter, [source], work)
    assert [path.read_text() for path in sorted(folder.iterdir())] == ["a", "b"]
    assert run_step(double, [folder / "1"], work, times=3).read_text() == "bbb"


def test_an_output_that_is_there_is_not_made_again(write_file, work):
    source = write_file("ab")
    output = run_step(double, [source], work)
    output.write_text("as it was")
    assert run_step(double, [source], work) == output
    assert output.read_text() == "as it was"


def test_a_name_changes_with_step_settings_content_and_code(write_file, work, monkeypatch):
    source = write_file("ab")
    first = name_output(double, [source], work, {})
    assert first.startswith("double-")
    assert name_output(double, [write_file("ab", "same.csv")], work, {}) == first
    names = {
        first,
        name_output(scatter, [source], work, {}),
        name_output(double, [source], work, {"times": 3}),
        name_output(double, [source, source], work, {}),
        name_output(double, [write_file("abc", "other.csv")], work, {}),
    }
    monkeypatch.setattr(steps, "find_code_version", lambda: "other")
    names.add(name_output(double, [source], work, {}))
    assert len(names) == 6


def test_a_changed_file_is_read_again(write_file, work):
    first = name_output(double, [write_file("ab")], work, {})
    assert name_output(double, [write_file("xyz")], work, {}) != first


def test_an_output_of_a_step_counts_by_its_name(write_file, work):
    folder = run_step(scatter, [write_file("ab")], work)
    first = name_output(double, [folder / "1"], work, {})
    assert name_output(double, [folder / "0"], work, {}) != first
    (folder / "1").unlink()
    assert name_output(double, [folder / "1"], work, {}) == first


def test_the_content_of_a_folder_from_outside_counts(write_file, work):
    source = write_file("ab")
    first = name_output(double, [source.parent], work, {})
    write_file("cd", "more.csv")
    assert name_output(double, [source.parent], work, {}) != first


def test_a_step_that_fails_leaves_nothing(write_file, work):
    with pytest.raises(ListingsError):
        run_step(refuse, [write_file("ab")], work)
    assert list(work.iterdir()) == []


def test_of_two_that_write_one_output_the_first_stays(write_file, work):
    source = write_file("ab")
    folder = run_step(scatter, [source], work)
    write_output(scatter, [source], folder, {})
    assert len(list(folder.iterdir())) == 2
    assert list(work.iterdir()) == [folder]


def test_an_input_that_is_missing_is_named(work):
    with pytest.raises(EngineError, match=r"gone\.csv: cannot be read \(No such file"):
        run_step(double, [work.parent / "gone.csv"], work)


def test_a_work_folder_belongs_to_one_command_and_is_cleared_of_drafts(tmp_path):
    folder = tmp_path / "deep" / "work"
    with hold_work(folder):
        (folder / f"{DRAFT}double-1").write_text("half")
        (folder / f"{DRAFT}scatter-1").mkdir()
        with pytest.raises(EngineError, match="another command works in this folder"), hold_work(folder):
            pass
    with hold_work(folder):
        assert list(folder.glob(f"{DRAFT}*")) == []
