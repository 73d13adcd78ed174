"""A student's report as one HTML file that needs nothing else: progress, every question as it was asked, answers."""

from __future__ import annotations

import html
from collections.abc import Collection, Mapping
from datetime import datetime
from pathlib import Path

from app import page_list
from app.course.plain_html import plain_html
from app.course.standing import standing
from app.course.stops import STOPS
from app.labs.shared.answers import COURSE, Answer

STYLE = (Path(__file__).parent / "report.css").read_text("utf-8")
MOST_NAME = 80


def report(
    answers: Mapping[str, Mapping[int, Answer]], opened: Collection[int], *, name: str = "", when: datetime
) -> str:
    """The report.

    answers: by lab, then by the question's number from 0; lab `course` holds those of the stops. opened: numbers of
    the stops whose lab was opened. name: of the student, shown as typed; empty leaves it out.
    """
    given = answers.get(COURSE, {})
    found = standing(given, opened)
    labs = {lab: asked for lab, asked in answers.items() if lab != COURSE and asked}
    both = [answer for asked in labs.values() for answer in asked.values()]
    total = sum(stop.minutes for stop in STOPS)
    figures = (
        (f"{found.done} of {len(STOPS)}", "stops answered"),
        (f"{found.right} of {found.done}", "of them right"),
        (f"{found.opened} of {len(STOPS)}", "labs opened"),
        (f"{found.minutes} of {total} min", "of the course, as planned"),
        (f"{sum(answer.is_right for answer in both)} of {len(both)}", "right in the labs' own questions"),
    )
    who = f"<p class=who>{html.escape(' '.join(name.split())[:MOST_NAME])}</p>" if name.strip() else ""
    body = [
        "<header><h1>FCN Lab: course report</h1>",
        who,
        f"<p class=quiet>{when.day} {when:%B %Y, %H:%M}</p></header>",
        "<section class=figures>"
        + "".join(f"<div><b>{n}</b><span>{t}</span></div>" for n, t in figures)
        + "</section>",
        "<h2>The twelve stops</h2>",
        *(_stop(stop.number, given.get(stop.number - 1), stop.number in opened) for stop in STOPS),
    ]
    if labs:
        body.append("<h2>Questions of the labs</h2>")
        for lab, asked in sorted(labs.items(), key=lambda item: _place(item[0])):
            body.append(f"<h3>{html.escape(_title(lab))}</h3>")
            body += [_answered(asked[number]) for number in sorted(asked)]
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>FCN Lab: course report</title><style>{STYLE}</style></head><body><main>"
        + "\n".join(part for part in body if part)
        + "</main></body></html>\n"
    )


def _stop(number: int, answer: Answer | None, was_opened: bool) -> str:
    stop = STOPS[number - 1]
    state = "lab opened" if was_opened else "lab not opened"
    head = (
        f"<article class=stop><h3>{number} · {html.escape(stop.title)} <small>{stop.minutes} min, {state}</small></h3>"
        f"<p class=quiet>{plain_html(stop.goal)}</p>"
    )
    return head + (_answered(answer) if answer else "<p class=quiet>Not answered.</p>") + "</article>"


def _answered(answer: Answer) -> str:
    question = answer.question
    rows = []
    for index, text in enumerate(question.answers):
        marks = [
            mark for mark, holds in (("chosen", index == answer.chosen), ("right", index == question.right)) if holds
        ]
        told = f" <small>({', '.join(marks)})</small>" if marks else ""
        rows.append(f'<li class="{" ".join(marks)}">{plain_html(text)}{told}</li>')
    tries = f", try {answer.tries}" if answer.tries > 1 else ""
    verdict = (
        f"<b class={'good' if answer.is_right else 'bad'}>{'Right' if answer.is_right else 'Not right'}{tries}.</b>"
    )
    return (
        f"<div class=question><p>{plain_html(question.text)}</p><ul>{''.join(rows)}</ul>"
        f"<p>{verdict} {plain_html(question.why)}</p></div>"
    )


def _page(lab: str) -> int | None:
    stems = [page.path.stem for page in page_list.PAGES]
    return next((i for i, stem in enumerate(stems) if stem.startswith(lab) or lab.startswith(stem)), None)


def _place(lab: str) -> tuple[int, str]:
    place = _page(lab)
    return (len(page_list.PAGES) if place is None else place, lab)


def _title(lab: str) -> str:
    """A lab's name as its page has it; the lab's own word where no page begins so."""
    place = _page(lab)
    return lab.replace("_", " ").capitalize() if place is None else page_list.PAGES[place].title
