"""What every answer of intake is made of."""

from pydantic import BaseModel, ConfigDict


class Answer(BaseModel):
    """The base of what is answered."""

    model_config = ConfigDict(extra="forbid")
