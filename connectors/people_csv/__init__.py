"""A folder of CSV files as the CRM of a team that has none.

``people.csv`` and ``accounts.csv`` must be there, ``contacts.csv`` and ``out_of_office.csv`` may
be; ``activities.csv`` is ours and holds what other CRMs keep as tasks.
"""

from __future__ import annotations

from connectors.base import Crm
from connectors.people_csv.crm import PeopleCsv
from connectors.people_csv.settings import CsvSettings

__all__ = ["CsvSettings", "connect"]


def connect(settings: CsvSettings) -> Crm:
    """The folder as a CRM. Raises ConfigError when there is no such folder."""
    return PeopleCsv(settings)
