"""Drills: marked test messages, who was to hear them, and the task that proves the write-back"""

from typing import Any

from alembic import op
import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from sqlalchemy.dialects import postgresql

import worker.store.columns

revision = '0010'
down_revision = '0009'
branch_labels = None
depends_on = None

_TEXT = sqlmodel.sql.sqltypes.AutoString


def _utc() -> worker.store.columns.Utc:
    return worker.store.columns.Utc(timezone=True)


def _json() -> sa.types.TypeEngine[Any]:
    return sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), 'postgresql')


def upgrade() -> None:
    op.create_table(
        'drill',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('open', sa.Boolean(), nullable=False),
        sa.Column('state', _TEXT(), nullable=False),
        sa.Column('by', _TEXT(), nullable=False),
        sa.Column('policy_hash', _TEXT(), nullable=False),
        sa.Column('worker_hash', _TEXT(), nullable=False),
        sa.Column('wait_seconds', sa.Integer(), nullable=False),
        sa.Column('press_seconds', sa.Integer(), nullable=False),
        sa.Column('asked_at', _utc(), nullable=False),
        sa.Column('begun_at', _utc(), nullable=True),
        sa.Column('ends_at', _utc(), nullable=True),
        sa.Column('ended_at', _utc(), nullable=True),
        sa.PrimaryKeyConstraint('id'),
    )
    op.create_index(
        'one_open_drill', 'drill', ['open'], unique=True,
        sqlite_where=sa.text('open'), postgresql_where=sa.text('open'),
    )
    op.create_table(
        'drill_target',
        sa.Column('id', _TEXT(), nullable=False),
        sa.Column('drill_id', sa.Integer(), nullable=False),
        sa.Column('kind', _TEXT(), nullable=False),
        sa.Column('place', _TEXT(), nullable=True),
        sa.Column('name', _TEXT(), nullable=False),
        sa.Column('email', _TEXT(), nullable=False),
        sa.Column('person_id', _TEXT(), nullable=True),
        sa.Column('why', _TEXT(), nullable=False),
        sa.Column('rungs', _json(), nullable=False),
        sa.Column('covers', _json(), nullable=False),
        sa.Column('skipped', _TEXT(), nullable=False),
        sa.Column('problem', _TEXT(), nullable=False),
        sa.Column('mend', _TEXT(), nullable=False),
        sa.Column('due_at', _utc(), nullable=True),
        sa.Column('pressed_at', _utc(), nullable=True),
        sa.Column('pressed_by', _TEXT(), nullable=False),
        sa.Column('press_problem', _TEXT(), nullable=False),
        sa.Column('escalated_to', _TEXT(), nullable=True),
        sa.PrimaryKeyConstraint('id'),
        sa.UniqueConstraint('drill_id', 'kind', 'place', name='one_target_per_drill_and_place'),
    )
    op.create_index('ix_drill_target_drill_id', 'drill_target', ['drill_id'])
    op.create_index(
        'drill_target_due', 'drill_target', ['drill_id'],
        sqlite_where=sa.text('due_at IS NOT NULL'), postgresql_where=sa.text('due_at IS NOT NULL'),
    )
    op.create_table(
        'drill_task',
        sa.Column('drill_id', sa.Integer(), autoincrement=False, nullable=False),
        sa.Column('key', _TEXT(), nullable=False),
        sa.Column('step', _TEXT(), nullable=False),
        sa.Column('about', _json(), nullable=False),
        sa.Column('about_name', _TEXT(), nullable=False),
        sa.Column('remote_id', _TEXT(), nullable=True),
        sa.Column('url', _TEXT(), nullable=False),
        sa.Column('unclear', sa.Boolean(), nullable=False),
        sa.Column('attempts', sa.Integer(), nullable=False),
        sa.Column('next_attempt_at', _utc(), nullable=False),
        sa.Column('lease_until', _utc(), nullable=True),
        sa.Column('opened_at', _utc(), nullable=True),
        sa.Column('completed_at', _utc(), nullable=True),
        sa.Column('read_at', _utc(), nullable=True),
        sa.Column('removed_at', _utc(), nullable=True),
        sa.Column('waits', _TEXT(), nullable=False),
        sa.Column('error', _TEXT(), nullable=False),
        sa.Column('mend', _TEXT(), nullable=False),
        sa.PrimaryKeyConstraint('drill_id'),
    )
    op.create_index('ix_drill_task_step', 'drill_task', ['step'])
    op.add_column('delivery', sa.Column('drill_target_id', _TEXT(), nullable=True))
    op.create_index(
        'ix_delivery_drill_target_id', 'delivery', ['drill_target_id'], unique=True
    )


def downgrade() -> None:
    op.drop_index('ix_delivery_drill_target_id', 'delivery')
    op.drop_column('delivery', 'drill_target_id')
    op.drop_table('drill_task')
    op.drop_table('drill_target')
    op.drop_table('drill')
