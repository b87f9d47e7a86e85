"""Every dashboard, one file each."""

from typing import Final

from deploy.grafana.generator.boards.business import BUSINESS
from deploy.grafana.generator.boards.capa import CAPA
from deploy.grafana.generator.boards.intake import INTAKE
from deploy.grafana.generator.boards.kafka import KAFKA
from deploy.grafana.generator.boards.notifier import NOTIFIER
from deploy.grafana.generator.boards.overview import OVERVIEW
from deploy.grafana.generator.boards.postgresql import POSTGRESQL
from deploy.grafana.generator.model import Dashboard

BOARDS: Final[tuple[Dashboard, ...]] = (OVERVIEW, INTAKE, CAPA, NOTIFIER, KAFKA, POSTGRESQL, BUSINESS)
