"""What happens before every page: its address is taken over, the looks are set, and the course says where one is."""

from __future__ import annotations

from app.bench import kept as bench_kept
from app.course import corner, stop_line
from app.course.stops import STOPS
from app.page_list import PageRecord
from app.visitor import session, teacher_panel
from app.visitor.address import Names
from app.visitor.appearance import apply_appearance


def known_names() -> Names:
    """What an address can call by name on this machine."""
    return Names(bench_kept.sample_names(), bench_kept.weight_records(), {stop.number: stop.record for stop in STOPS})


def open_page(page: PageRecord) -> None:
    """Draw what stands around a page, with the address as it is now."""
    session.open_address(known_names())
    apply_appearance(page)
    teacher_panel.show(page)
    corner.show()
    stop_line.show(page)
