"""Every Docker command, word by word."""

import pytest

from carprice.ops.docker import argv, compose_argv

LIST = "docker container ls --all --quiet --no-trunc"
UP = "docker compose --profile rollout up --detach --no-deps --no-build --timeout 10"


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (compose_argv.check_compose(), "docker compose --profile rollout config --quiet"),
        (
            argv.list_containers("cars", "edge"),
            f"{LIST} --filter label=com.docker.compose.project=cars "
            "--filter label=com.docker.compose.service=edge --filter label=com.docker.compose.oneoff=False",
        ),
        (argv.inspect_containers(["a", "b"]), "docker container inspect a b"),
        (argv.inspect_image("i:1"), "docker image inspect i:1"),
        (argv.list_tags("i"), "docker image ls --format {{.Tag}} i"),
        (compose_argv.start_service("api", 0), f"{UP} --no-recreate api"),
        (compose_argv.start_service("api", 2, recreate=True), f"{UP} --force-recreate --scale api=2 api"),
        (argv.stop_containers(["a", "b"], 7), "docker container stop --time 7 a b"),
        (argv.remove_containers(["a", "b"]), "docker container rm --force a b"),
        (argv.disable_restart(["a", "b"]), "docker container update --restart no a b"),
        (argv.show_logs("a", 15), "docker container logs --tail 15 a"),
        (
            argv.list_exit_codes("a", 1.5),
            "docker events --since 1h --until 1.500000000 --filter container=a --filter event=die "
            "--format {{.Actor.Attributes.exitCode}}",
        ),
        (argv.tag_image("sha256:1", "i:r1"), "docker image tag sha256:1 i:r1"),
        (argv.remove_image("i:r1"), "docker image rm i:r1"),
    ],
    ids=lambda value: value[:40] if isinstance(value, str) else "",
)
def test_commands(words: list[str], text: str) -> None:
    assert words == text.split()


def test_the_edge_is_asked_on_its_own_loopback() -> None:
    words = argv.edge_runtime("e1", "show stat")
    talk = 'exec 3<>/dev/tcp/127.0.0.1/9999; printf "%s\\n" "$0" >&3; cat <&3'
    assert words == ["docker", "container", "exec", "e1", "bash", "-c", talk, "show stat"]


def test_the_follower_of_events_ends_with_its_stdin() -> None:
    words = argv.edge_events("e1")
    follow = (
        'exec 3<>/dev/tcp/127.0.0.1/9999 4<&0; printf "%s\\n" "$0" >&3; '
        "(read -r <&4; kill $$) >/dev/null 2>&1 & exec cat <&3 4<&-"
    )
    assert words == [
        *["docker", "container", "exec", "--interactive", "e1", "bash", "-c"],
        *[follow, "show events proof -w"],
    ]
