"""kubectl itself knows every word that it is asked: each command gets as far as connecting to a cluster."""

import shutil
import subprocess
from pathlib import Path

import pytest

from carprice.ops.kubernetes import argv
from carprice.system.ports import is_free

CLOSED_PORT = 1
KUBECONFIG = f"""
apiVersion: v1
kind: Config
clusters: [{{name: none, cluster: {{server: "http://127.0.0.1:{CLOSED_PORT}"}}}}]
contexts: [{{name: nowhere, context: {{cluster: none, user: nobody}}}}]
current-context: nowhere
users: [{{name: nobody}}]
"""


def commands(folder: Path) -> list[list[str]]:
    return [
        argv.get_overlay(folder),
        argv.render_overlay(folder),
        argv.diff_overlay(folder),
        argv.apply_overlay(folder),
        argv.apply_overlay(folder, "carprice/set!=current"),
        argv.get_objects("cars", "job/gates"),
        argv.get_objects("cars", "pods", "app.kubernetes.io/name=car-price,carprice/set=next"),
        argv.create_objects(folder / "map.yaml"),
        argv.create_job("cars", "gates-1", "car-price-gates"),
        argv.patch_object("cars", "service/api", '{"spec": {}}'),
        argv.patch_object("cars", "rollout/api", '{"status": {}}', "status"),
        argv.wait_rolled_out("cars", "api", 5),
        argv.restart_deployment("cars", "api"),
        argv.undo_deployment("cars", "api", 3),
        argv.delete_objects("cars", ["deployment/api", "Rollout.v1alpha1.argoproj.io/api"]),
        argv.show_logs("cars", "job/gates-1", 5),
        argv.show_logs("cars", "app.kubernetes.io/component in (api,edge)", 5, follow=True),
    ]


@pytest.mark.skipif(not shutil.which("kubectl"), reason="no kubectl")
def test_kubectl_knows_every_word(tmp_path: Path) -> None:
    assert is_free("127.0.0.1", CLOSED_PORT)
    (tmp_path / "kustomization.yaml").write_text("resources: [map.yaml]\n")
    (tmp_path / "map.yaml").write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: m, namespace: cars}\n")
    config = tmp_path / "config"
    config.write_text(KUBECONFIG)
    environment = {"KUBECONFIG": str(config), "PATH": "/usr/bin:/bin:/usr/local/bin", "HOME": str(tmp_path)}
    running = [
        subprocess.Popen(words, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        for words in commands(tmp_path)
    ]
    told = {" ".join(process.args): process.communicate(timeout=60)[0] for process in running}  # type: ignore[arg-type]
    assert {words: text for words, text in told.items() if "refused" not in text} == {}
    shown = subprocess.run(argv.show_context(), env=environment, capture_output=True, text=True)
    assert shown.stdout == "nowhere\n"
