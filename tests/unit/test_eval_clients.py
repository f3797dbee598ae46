"""What clients are asked to do is what there is, and what they did is counted."""

import pytest

from eval.clients.plan import Step, Visit, example
from eval.clients.run import Visits
from eval.node import version_of
from sonik.errors import Misconfigured
from tools.catalog import TOOLS, AnyTool


@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.name)
def test_the_example_of_every_tool_is_a_call_it_takes(tool: AnyTool) -> None:
    assert tool.arguments.model_validate(example(tool.description)).model_fields_set


def test_a_description_without_an_example_is_told() -> None:
    with pytest.raises(ValueError, match="no example"):
        example("Finds things.")


def test_one_failed_step_fails_the_visits_and_is_shown() -> None:
    steps = (Step(kind="tools", name="sonik_job", ok=False, note="5"), Step(kind="tools", name="sonik_search", ok=True))
    visits = Visits(visits=[Visit(client="one", transport="stdio", era="legacy", steps=steps)], node="v22")
    done, failed = visits.sheets()
    assert not visits.hold
    assert done.rows == (("one", "stdio", "legacy", "", "1 of 2", "", "", "", ""),)
    assert failed.rows == (("one", "stdio", "legacy", "sonik_job", "5"),)


def test_a_package_that_is_not_locked_is_told() -> None:
    assert version_of("@modelcontextprotocol/inspector")
    with pytest.raises(Misconfigured, match="not locked"):
        version_of("left-pad")
