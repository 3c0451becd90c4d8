"""Settings of the CSV folder."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field


class CsvSettings(BaseModel):
    """Where the CSV files of a team without a CRM lie."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    folder: Path = Field(description="Folder with accounts.csv, people.csv, contacts.csv.")
    largest_file_mb: int = Field(100, ge=1, description="A larger file is refused, in MB.")
