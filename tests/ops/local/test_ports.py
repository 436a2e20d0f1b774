import os
import socket
from dataclasses import replace

import psutil
import pytest

from carprice.errors import StackError
from carprice.ops.local.ports import check_ports
from carprice.ops.local.services import build_services
from carprice.settings import Settings
from carprice.system.ports import is_free, name_holder


def test_free_ports_pass(whole_settings: Settings) -> None:
    check_ports(build_services(whole_settings))


def test_a_taken_port_is_named_with_its_holder(settings: Settings) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", settings.port))
        holder.listen()
        with pytest.raises(StackError) as caught:
            check_ports(build_services(settings))
    name = psutil.Process().name()
    assert str(caught.value) == (
        f"Port {settings.port} for car-price-api is taken by {name} (pid {os.getpid()})\n"
        f"Stop it, or take another port: echo CARPRICE_PORT={settings.port + 10} >> .env, then ./carprice up"
    )


def test_a_port_held_on_one_address_is_taken_on_all(settings: Settings) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", settings.port))
        holder.listen()
        assert not is_free("0.0.0.0", settings.port)


def test_two_services_on_one_port(whole_settings: Settings) -> None:
    same = replace(whole_settings, mlflow_port=whole_settings.port)
    with pytest.raises(
        StackError, match=f"^Port {same.port} is asked for by both mlflow-server and car-price-api"
    ):
        check_ports(build_services(same))


def test_the_holder_of_a_free_port_is_not_known(settings: Settings) -> None:
    assert name_holder(settings.port) == "a program of another user"
