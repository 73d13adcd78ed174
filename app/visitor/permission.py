"""Who may start, stop and delete training runs, and look at this machine's folders, from the pages.

FCN_LAB_READONLY=1 takes all of it away. A server that other machines can reach takes it away too, until its owner sets
FCN_LAB_ALLOW_LAUNCH=1: thirty students who open a link should not train on, or look around, the teacher's machine.
"""

from __future__ import annotations

import ipaddress
import os

import streamlit as st

READ_ONLY = "FCN_LAB_READONLY"
ALLOW = "FCN_LAB_ALLOW_LAUNCH"


def may_launch() -> bool:
    """Whether this visitor may start, stop and delete runs, and name folders of this machine."""
    return not why_not()


def why_not() -> str:
    """One sentence on why nothing can be started here; empty when it can."""
    if _is_set(READ_ONLY):
        return f"This app is in read-only mode ({READ_ONLY}=1): runs can be looked at, not started, stopped or deleted."
    if not _is_set(ALLOW) and not only_this_machine():
        return (
            "Other machines can reach this app, so starting, stopping and deleting runs is off; "
            f"its owner can turn it on by starting the app with {ALLOW}=1."
        )
    return ""


def may_name_folders() -> bool:
    """Whether this visitor may type paths of this machine; whoever comes over the network may not look around."""
    return only_this_machine() and not _is_set(READ_ONLY)


def only_this_machine() -> bool:
    """Whether the server listens on a loopback address only, and nothing forwards visitors to it."""
    address = str(st.get_option("server.address") or "")  # none means: on every network of this machine
    return is_loopback(address) and "X-Forwarded-For" not in st.context.headers


def is_loopback(address: str) -> bool:
    """Whether an address is one that only this machine can reach."""
    try:
        return ipaddress.ip_address(address.strip("[]")).is_loopback
    except ValueError:
        return address.strip().lower() == "localhost"


def _is_set(name: str) -> bool:
    return os.environ.get(name, "").strip().lower() not in ("", "0", "false", "no", "off")
