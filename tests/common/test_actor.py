import pytest

from common.actor import Actor


def test_an_actor_reads_back_from_its_text() -> None:
    assert Actor.parse(str(Actor("system", "crm:eu"))) == Actor("system", "crm:eu")


@pytest.mark.parametrize("text", ["anna", "person:", "robot:r2", ""])
def test_a_text_that_names_no_actor_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="an actor is"):
        Actor.parse(text)
