"""The limits file is manual and schema at once."""

import tomllib
from pathlib import Path

import pytest

from carprice.errors import SettingsError
from carprice.ops.limits import LIMITS_FILE, Limits, load_limits


def test_the_checkout_s_file_names_every_limit_with_its_default(root: Path) -> None:
    data = tomllib.loads((root / LIMITS_FILE).read_text())
    assert list(data) == list(Limits.__struct_fields__)
    assert load_limits(root) == Limits()


def test_no_file_means_the_defaults(tmp_path: Path) -> None:
    assert load_limits(tmp_path) == Limits()


def test_a_file_changes_what_it_names(tmp_path: Path) -> None:
    (tmp_path / LIMITS_FILE).write_text("bake = 60\nshadow_listings = 10\n")
    assert load_limits(tmp_path) == Limits(bake=60.0, shadow_listings=10)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("bakes = 1", "rollout.toml: 'bakes' is not a key here"),
        ("bake = 'long'", "rollout.toml: bake: should be a number (got 'long')"),
        ("bake = -1", "rollout.toml: bake: should be at least 0 (got -1)"),
        ("bake = nan", "rollout.toml: bake: should be a finite number (got nan)"),
        ("bake = inf", "rollout.toml: bake: should be a finite number (got inf)"),
        ("bake = true", "rollout.toml: bake: should be a number (got True)"),
        ("keep_releases = 1.5", "rollout.toml: keep_releases: should be a whole number (got 1.5)"),
        ("bake = ", "rollout.toml: cannot be read: Invalid value"),
    ],
)
def test_a_wrong_limit_is_named(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / LIMITS_FILE).write_text(text)
    with pytest.raises(SettingsError) as error:
        load_limits(tmp_path)
    assert told in error.value.what
