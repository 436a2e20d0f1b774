"""Ports of this machine: whether one is free, and who holds it."""

import socket

import psutil


def is_free(host: str, port: int) -> bool:
    """Whether a server could listen there now."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        # As servers do: a connection that is still closing does not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def name_holder(port: int) -> str:
    """The program that listens on the port, `nginx (pid 812)`, as far as this user may know."""
    try:
        pids = {
            item.pid
            for item in psutil.net_connections(kind="tcp")
            if item.status == psutil.CONN_LISTEN and item.laddr and item.laddr.port == port and item.pid
        }
        if pids:
            pid = min(pids)
            return f"{psutil.Process(pid).name()} (pid {pid})"
    except psutil.Error:
        pass
    return "a program of another user"


def propose_port(variable: str, port: int) -> str:
    """The next step where the port that a setting names is taken: another one, kept for every later command."""
    return f"Stop it, or take another port: echo {variable}={port + 10} >> .env, then ./carprice up"
