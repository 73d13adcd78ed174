"""Predict, then reveal: nothing is shown before an answer, marks are right, answers are kept as they were asked."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from app.labs.shared.question_panel import Question


def script() -> None:
    import streamlit as st

    from app.labs.shared.question_panel import Question, answers_so_far, questions

    cells = st.session_state.get("cells", 12)
    questions(
        "trial",
        [
            Question(f"How many cells lie in {cells} rows of 10?", (f"{cells}", f"{cells * 10}"), 1, "Rows × columns."),
            Question("Which head is the coarsest?", ("8s", "16s", "32s"), 2, "Stride 32."),
        ],
    )
    st.session_state["collected"] = {
        lab: {number: (answer.chosen, answer.is_right, answer.tries) for number, answer in given.items()}
        for lab, given in answers_so_far().items()
    }


def opened() -> AppTest:
    test = AppTest.from_function(script, default_timeout=30).run()
    assert not test.exception
    return test


def words(test: AppTest) -> str:
    return "\n".join(e.value for kind in ("markdown", "success", "warning", "caption") for e in test.get(kind))


def answer(test: AppTest, number: int, choice: int) -> AppTest:
    test.radio(key=f"predict-trial-{number}").set_value(choice).run()
    test.button(key=f"check-trial-{number}").click().run()
    assert not test.exception
    return test.run()


def test_nothing_is_chosen_or_told_before_an_answer() -> None:
    test = opened()
    assert [radio.value for radio in test.radio] == [None, None]
    assert all(button.disabled for button in test.button), "there is nothing to check yet"
    assert "Stride 32." not in words(test) and not test.session_state["collected"]


def test_choosing_alone_reveals_nothing() -> None:
    test = opened()
    test.radio(key="predict-trial-1").set_value(0).run()
    assert not test.button(key="check-trial-1").disabled
    assert "Stride 32." not in words(test), "arrow keys walk over the answers: only the button gives one"


def test_a_right_and_a_wrong_answer_are_marked() -> None:
    test = answer(answer(opened(), 0, 1), 1, 0)
    assert "**Right.** Rows × columns." in test.success[0].value
    assert "**Not so: 32s.** Stride 32." in test.warning[0].value
    assert test.session_state["collected"] == {"trial": {0: (1, True, 1), 1: (0, False, 1)}}
    assert "1 of 2 right" in words(test)


def test_trying_again_counts_the_tries() -> None:
    test = answer(opened(), 1, 0)
    test.button(key="again-trial-1").click().run()
    assert test.radio(key="predict-trial-1").value is None, "the second prediction is free again"
    assert test.run().session_state["collected"] == {}
    assert answer(test, 1, 2).session_state["collected"] == {"trial": {1: (2, True, 2)}}


def test_an_answered_question_stays_as_it_was_asked() -> None:
    test = answer(opened(), 0, 1)
    test.session_state["cells"] = 20
    test.run()
    assert "12 rows" in words(test) and "20 rows" not in words(test)
    again = test.button(key="again-trial-0")
    assert again.label == "Ask again with the present numbers"
    again.click().run()
    assert "20 rows" in test.radio(key="predict-trial-0").label


def test_a_question_that_changes_before_its_answer_asks_the_present_one() -> None:
    test = opened()
    test.radio(key="predict-trial-0").set_value(1).run()
    test.session_state["cells"] = 20
    test.run()
    test.button(key="check-trial-0").click().run()
    assert "20 rows" in words(test) and test.success


@pytest.mark.parametrize(("answers", "right"), [(("one",), 0), (("a", "a"), 0), (("a", "b"), 2), (("a", "b"), -1)])
def test_a_question_without_a_clear_answer_is_refused(answers: tuple[str, ...], right: int) -> None:
    with pytest.raises(ValueError, match="answers"):
        Question("Which?", answers, right, "Because.")
