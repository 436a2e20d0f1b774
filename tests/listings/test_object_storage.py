"""Listings in S3, from a server that speaks its protocol: read as files are."""

import gzip
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

s3fs = pytest.importorskip("s3fs", reason="needs requirements/dev.txt")
moto = pytest.importorskip("moto.server", reason="needs requirements/dev.txt")

from click.testing import CliRunner  # noqa: E402

from carprice.cli.main import cli  # noqa: E402
from carprice.engine.steps import name_output  # noqa: E402
from carprice.errors import ListingsError  # noqa: E402
from carprice.listings.listings_files import ListingsFiles  # noqa: E402

HEAD = "make,model,year,transmission,mileage,fuelType,tax,mpg,engineSize\n"
ROW = "Ford,Fiesta,2017,Manual,{},Petrol,125,65.7,1.0\n"
FIRST, SECOND = (HEAD + "".join(ROW.format(mile) for mile in miles) for miles in ((1000, 2000), (3000,)))


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    server = moto.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    yield "http://{}:{}".format(*server.get_host_and_port())
    server.stop()


@pytest.fixture(autouse=True)
def bucket(server: str, monkeypatch: pytest.MonkeyPatch) -> Iterator["s3fs.S3FileSystem"]:
    for name, value in {
        "AWS_ENDPOINT_URL": server,
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    s3fs.S3FileSystem.clear_instance_cache()
    storage = s3fs.S3FileSystem(use_listings_cache=False)
    storage.mkdir("cars")
    storage.pipe({"cars/new/a.csv": FIRST.encode(), "cars/new/b.csv": SECOND.encode(), "cars/new/read.me": b"x"})
    yield storage
    storage.rm("cars", recursive=True)
    s3fs.S3FileSystem.clear_instance_cache()


def read_miles(*names: str) -> list[str]:
    return pl.concat(ListingsFiles([Path(name) for name in names]).read_batches())["mileage"].to_list()


@pytest.mark.parametrize("name", ["s3://cars/new", "s3://cars/new/", "s3://cars/new/*.csv", "s3://cars/*/*.csv"])
def test_a_folder_and_a_pattern(name):
    assert read_miles(name) == ["1000", "2000", "3000"]


def test_files_are_read_by_what_they_are(bucket, tmp_path):
    assert read_miles("s3://cars/new/b.csv", "s3://cars/new/a.csv") == ["3000", "1000", "2000"]
    bucket.pipe("cars/packed.csv.gz", gzip.compress(FIRST.encode()))
    pl.read_csv(SECOND.encode()).write_parquet(tmp_path / "b.parquet")
    bucket.put(str(tmp_path / "b.parquet"), "cars/b.parquet")
    assert read_miles("s3://cars/packed.csv.gz", "s3://cars/b.parquet") == ["1000", "2000", "3000"]


def test_what_is_wrong_is_named_as_it_was_typed(bucket):
    bucket.pipe("cars/empty.csv", b"")
    for name, message in {
        "s3://cars/none.csv": "s3://cars/none.csv: no such file",
        "s3://cars/none/*.csv": "s3://cars/none/*.csv: has no listings (.csv, ",
        "s3://nowhere/a.csv": "s3://nowhere/a.csv: no such file",
        "s3://cars/empty.csv": "s3://cars/empty.csv: is empty",
    }.items():
        with pytest.raises(ListingsError) as caught:
            read_miles(name)
        assert str(caught.value).startswith(message)


def test_storage_that_does_not_answer(monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    s3fs.S3FileSystem.clear_instance_cache()
    monkeypatch.setattr(s3fs.S3FileSystem, "retries", 1)
    with pytest.raises(ListingsError, match=r"^s3://cars/new/a\.csv: cannot be read \(") as caught:
        read_miles("s3://cars/new/a.csv")
    assert "AWS_ENDPOINT_URL" in caught.value.hint
    s3fs.S3FileSystem.clear_instance_cache()
    monkeypatch.undo()


def test_a_file_that_changed_is_another_input(bucket, tmp_path):
    path = Path("s3://cars/new/a.csv")
    first = name_output(read_miles, [path], tmp_path, {})
    assert name_output(read_miles, [path], tmp_path, {}) == first
    bucket.pipe("cars/new/a.csv", FIRST.replace("1000", "9000").encode())
    assert name_output(read_miles, [path], tmp_path, {}) != first


def test_score_reads_it_in_parts(small_bundle, tmp_path, monkeypatch):
    monkeypatch.setenv("CARPRICE_ARTIFACTS_DIR", str(small_bundle))
    output = tmp_path / "prices.csv"
    argv = ["score", "s3://cars/new", "--output", str(output), "--workers", "1"]
    result = CliRunner().invoke(cli, argv, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    assert pl.read_csv(output)["mileage"].to_list() == [1000, 2000, 3000]
