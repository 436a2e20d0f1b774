"""The rules that keep the parts apart: who may import whom, and that importing a module does nothing."""

import ast
import os
import re
import shutil
import statistics
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[1] / "src" / "carprice"
MODULES = sorted(SOURCE.rglob("*.py"))
APP = SOURCE.parents[1] / "app.py"

# What each part may import besides itself. The modules beside the folders, and system/, belong to everybody.
EVERYBODY = {path.stem for path in SOURCE.glob("*.py")} - {"__main__"} | {"system"}
MAY_IMPORT = {
    "listings": {"market"},
    "drafting": {"market", "listings"},
    "model": {"market"},
    "frames": {"engine", "listings", "market", "model"},
    "engine": set(),
    "evaluation": {"engine", "market", "listings", "model", "frames", "monitor"},
    "training": {"engine", "market", "listings", "model", "frames", "evaluation"},
    "tracking": {"market", "model", "training", "evaluation"},
    "simulation": {"market", "listings", "model", "training", "tracking"},
    "scoring": {"engine", "market", "listings", "model", "frames"},
    "refresh": {"market", "listings", "model", "frames", "evaluation", "training", "tracking", "ops", "feedback"},
    "notebook": {"market", "listings", "model", "evaluation", "training", "tracking"},
    "feedback": {"market", "model"},
    "access": set(),
    "monitor": {"market", "model", "feedback"},
    "api": {"access", "market", "model", "feedback", "monitor"},
    "ops": {
        "access",
        "model.bundle.manifest",
        "model.bundle.signature",
        "simulation.demo_model",
        "tracking.promotion",
    },
}
SERVING = ("access", "api", "feedback", "market", "model", "monitor", "system")
"""The folders of the API image, with the modules beside them."""
CHECKING = ("cli", "ops")
"""Besides: of them only what `gates` and `bake` import can be called there."""
HEAVY = {"pandas", "numpy", "scipy", "sklearn", "polars", "pyarrow", "lightgbm", "mlflow", "catboost"}

# MLflow, and what has threads, read these while they are imported, and have no other switch for them.
SETS_ENVIRONMENT = {"tracking/client.py", "engine/start.py"}

MOST_LINES = 500
MANY_LINES = 300
LONGEST_FUNCTION = 50
USUAL_FUNCTION = 10
NINE_IN_TEN = 25
MACHINE_PATH = re.compile(r"/(?:work|home|root|Users)/\w")
TEXTS = (".py", ".md", ".toml", ".cfg", ".yml", ".in", ".txt", ".html", ".css", ".js", ".sh", "")


def name_of(path: Path) -> str:
    return path.relative_to(SOURCE).as_posix()


def part_of(path: Path) -> str:
    return name_of(path).split("/")[0].removesuffix(".py")


def imports_of(path: Path) -> Iterator[tuple[str, bool]]:
    """Every module that a file imports, and whether it is imported when the file is; types alone do not count."""
    tree = ast.parse(path.read_text())
    for_types = {
        child for node in ast.walk(tree) if _is_for_types(node) for item in node.body for child in ast.walk(item)
    }
    inside = {
        child
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        for child in ast.walk(node)
    }
    for node in ast.walk(tree):
        if node in for_types:
            continue
        if isinstance(node, ast.Import):
            yield from ((alias.name, node not in inside) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: a relative import"
            assert node.module
            yield from ((f"{node.module}.{alias.name}", node not in inside) for alias in node.names)


def _is_for_types(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_parts_import_only_what_they_may(path: Path) -> None:
    part = part_of(path)
    if part in ("cli", "__main__"):
        return
    allowed = MAY_IMPORT.get(part, set())
    for imported, _ in imports_of(path):
        if not imported.startswith("carprice."):
            continue
        other = imported.removeprefix("carprice.")
        first = other.split(".")[0]
        is_allowed = first == part or first in EVERYBODY | allowed or other.rpartition(".")[0] in allowed
        is_allowed = is_allowed or imported == "carprice.__version__"
        assert is_allowed, f"{part} imports {imported}"


@pytest.mark.parametrize(
    "path",
    [path for path in MODULES if part_of(path) in {*SERVING, *EVERYBODY}] + [APP],
    ids=lambda path: path.name,
)
def test_serving_imports_nothing_heavy_and_nothing_that_its_image_lacks(path: Path) -> None:
    for imported, _ in imports_of(path):
        package, _, inside = imported.partition(".")
        assert package not in HEAVY, f"{path.name} imports {imported}"
        if package == "carprice":
            assert inside.split(".")[0] in {*SERVING, *EVERYBODY, "__version__"}, f"{path.name} imports {imported}"


def copies_of(root: Path, stage: str) -> list[str]:
    """What a stage of the Dockerfile copies of the source, in the order of its lines."""
    text = (root / "Dockerfile").read_text()
    lines = re.search(rf"(?m)^FROM \S+ AS {stage}\n((?:(?!FROM ).*\n)*)", text)
    assert lines, stage
    return re.findall(r"(?m)^COPY src/carprice/(\S+) ", lines[1])


def copy_stage(root: Path, stage: str, folder: Path) -> dict[str, str]:
    """Copy app.py and the stage's source into a folder; the environment in which nothing else is found."""
    package = folder / "src" / "carprice"
    package.mkdir(parents=True)
    shutil.copy(APP, folder)
    for source in [source for name in copies_of(root, stage) for source in SOURCE.glob(name)]:
        (shutil.copytree if source.is_dir() else shutil.copy)(source, package / source.name)
    libraries = [path for path in sys.path if path not in (str(root), str(root / "src"))]
    return {"PYTHONPATH": os.pathsep.join([str(folder), str(folder / "src"), *libraries])}


def test_the_api_image_holds_only_what_serves(root: Path) -> None:
    assert sorted(copies_of(root, "api")) == sorted(["*.py", *SERVING, *CHECKING])


@pytest.mark.slow
def test_the_demo_model_can_be_trained_from_what_its_stage_copies(root: Path, tmp_path: Path) -> None:
    environment = copy_stage(root, "demo", tmp_path)
    code = "import carprice.simulation.demo_model as module; print(module.__file__)"
    assert run_python(code, **environment).startswith(str(tmp_path))


def run_python(code: str, *arguments: str, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-P", "-c", code, *arguments],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(SOURCE.parent), *sys.path]), **environment},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_a_service_that_answers_has_loaded_nothing_heavy(root: Path, small_bundle: Path, tmp_path: Path) -> None:
    """Really: the app, from the API image's files alone, prices cars, explains a price and shows every page."""
    code = """
import os, sys
import app
from carprice.api.serving.server import build_app
from carprice.api.serving.app import create_app
from carprice.settings import load_settings
service = create_app(load_settings(os.environ))
client = service.test_client()
model = service.extensions["carprice"].model
car = model.pricer.manifest["golden"][0]["listing"]
answers = [client.post(f"/predict/price{query}", json=car) for query in ("", "?explain=1&comparables=5")]
assert answers[1].json["comparables"]["listings"]
answers.append(client.post("/predict/curve", json={"listing": car, "years": 2}))
answers.append(client.post("/predict/price", json={**car, "make": "Lada"}))
answers.append(client.post("/predict/batch", json=[car, car]))
pages = "/ /model /service /stock /info/status /info/model /info/features /metrics".split()
pages += "/livez /readyz /api/docs /api/openapi.json".split()
answers += [client.get(page) for page in pages]
assert {answer.status_code for answer in answers} == {200}, answers
service.extensions["carprice"].close()
heavy = set(sys.argv[1].split())
found = sorted(name for name in sys.modules if name.split(".")[0] in heavy or name.startswith("carprice.training"))
print(found, os.path.dirname(app.__file__))
"""
    environment = {"CARPRICE_ARTIFACTS_DIR": str(small_bundle), "CARPRICE_LOGS_DIR": str(tmp_path / "logs")}
    found = run_python(code, " ".join(HEAVY), **environment, **copy_stage(root, "api", tmp_path))
    assert found.splitlines()[-1] == f"[] {tmp_path}"


def test_importing_does_nothing() -> None:
    """No file is read or made, no thread, process, connection or logging handler, no variable changed.

    All is imported once for the libraries' own doings, then again with an eye on it.
    """
    code = """
import importlib, logging, os, sys, threading
from pathlib import Path
sys.dont_write_bytecode = True
source = Path(sys.argv[1])
names = [".".join(path.relative_to(source.parent).with_suffix("").parts) for path in source.rglob("*.py")]
names = sorted(name.removesuffix(".__init__") for name in names if not name.endswith("__main__"))
for name in names:
    importlib.import_module(name)
for name in list(sys.modules):
    if name.split(".")[0] == "carprice":
        del sys.modules[name]
def state():
    loggers = [logging.root, *logging.root.manager.loggerDict.values()]
    handlers = [handler for logger in loggers for handler in getattr(logger, "handlers", [])]
    return {"environment": dict(os.environ), "folder": os.getcwd(), "threads": threading.active_count(),
            "handlers": handlers}
quiet = "open os.mkdir os.rename os.remove os.fork subprocess.Popen socket.bind socket.connect".split()
seen = []
def look(event, arguments):
    if event in quiet and not (event == "open" and str(arguments[0]).endswith((".py", ".pyc"))):
        seen.append((event, str(arguments[0])))
before = state()
sys.addaudithook(look)
for name in names:
    importlib.import_module(name)
found = list(seen)
after = state()
changed = [key for key in before if after[key] != before[key]]
print(len(names) > 50, found, changed)
"""
    assert run_python(code, str(SOURCE)) == "True [] []"


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_only_settings_read_the_environment(path: Path) -> None:
    """The whole of it may be handed on, to load_settings or to another program; no variable is looked up."""
    if name_of(path) in SETS_ENVIRONMENT:
        return
    tree = ast.parse(path.read_text())
    handed_on = {child for node in ast.walk(tree) for child in _wholes(node)}
    for node in ast.walk(tree):
        assert not (isinstance(node, ast.Attribute | ast.Name) and ast.unparse(node).endswith("getenv"))
        if isinstance(node, ast.Attribute) and ast.unparse(node) == "os.environ":
            assert node in handed_on, f"{name_of(path)}:{node.lineno}: looks a variable up"


def _wholes(node: ast.AST) -> list[ast.expr]:
    """What a call, a dict of others, a union or a look at all items takes whole."""
    match node:
        case ast.Call():
            return [*node.args, *(keyword.value for keyword in node.keywords)]
        case ast.Dict():
            return [value for key, value in zip(node.keys, node.values, strict=True) if key is None]
        case ast.BinOp(op=ast.BitOr()):
            return [node.left, node.right]
        case ast.Attribute(attr="items"):
            return [node.value]
    return []


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_only_the_command_line_prints(path: Path) -> None:
    """A service's own log line names the stream it goes to."""
    if part_of(path) == "cli":
        return
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print":
            assert "file" in {keyword.arg for keyword in node.keywords}, f"{name_of(path)}:{node.lineno}: prints"


def tracked_texts(root: Path) -> list[Path]:
    done = subprocess.run(["git", "ls-files", "-z"], cwd=root, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip("needs a git checkout")
    paths = [root / name for name in done.stdout.split("\0") if name]
    return [path for path in paths if path.suffix in TEXTS and path.is_file()]


def test_no_file_names_a_place_of_one_machine(root: Path) -> None:
    found = [
        f"{path.relative_to(root)}:{number}: {line.strip()[:80]}"
        for path in tracked_texts(root)
        if path != Path(__file__)
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1)
        if MACHINE_PATH.search(line) or (len(root.parts) > 2 and f"{root}/" in line)
    ]
    assert found == []


def test_files_stay_short(root: Path) -> None:
    folders = ("src", "tests", "benchmarks")
    lengths = {
        str(path.relative_to(root)): len(path.read_text().splitlines())
        for folder in folders
        for path in (root / folder).rglob("*.py")
    }
    long = {name: length for name, length in lengths.items() if length > MANY_LINES}
    if long:
        warnings.warn(f"files over {MANY_LINES} lines: {long}", stacklevel=1)
    assert {name: length for name, length in long.items() if length > MOST_LINES} == {}


def test_functions_stay_short() -> None:
    lengths = {
        f"{name_of(path)}:{node.name}": (node.end_lineno or 0) - node.lineno + 1
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    assert {name: length for name, length in lengths.items() if length > LONGEST_FUNCTION} == {}
    assert statistics.median(lengths.values()) <= USUAL_FUNCTION
    assert statistics.quantiles(lengths.values(), n=10)[-1] <= NINE_IN_TEN
