"""Policies on trial, their disagreements, and the versions of the live policy"""

from alembic import op
import sqlalchemy as sa
import sqlmodel.sql.sqltypes

import worker.store.columns

revision = '0008'
down_revision = '0007'
branch_labels = None
depends_on = None

_TEXT = sqlmodel.sql.sqltypes.AutoString


def _utc() -> worker.store.columns.Utc:
    return worker.store.columns.Utc(timezone=True)


def upgrade() -> None:
    op.create_table(
        'policy_version',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('hash', _TEXT(), nullable=False),
        sa.Column('at', _utc(), nullable=False),
        sa.Column('by', _TEXT(), nullable=False),
        sa.Column('how', _TEXT(), nullable=False),
        sa.Column('text', _TEXT(), nullable=False),
        sa.PrimaryKeyConstraint('id'),
    )
    op.create_index('ix_policy_version_hash', 'policy_version', ['hash'])
    op.create_table(
        'shadow',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('hash', _TEXT(), nullable=False),
        sa.Column('file', _TEXT(), nullable=False),
        sa.Column('text', _TEXT(), nullable=False),
        sa.Column('by', _TEXT(), nullable=False),
        sa.Column('running', sa.Boolean(), nullable=False),
        sa.Column('started_at', _utc(), nullable=False),
        sa.Column('stopped_at', _utc(), nullable=True),
        sa.Column('first', sa.Integer(), nullable=False),
        sa.Column('cursor', sa.Integer(), nullable=False),
        sa.Column('signals', sa.Integer(), nullable=False),
        sa.Column('disagreements', sa.Integer(), nullable=False),
        sa.Column('error', _TEXT(), nullable=False),
        sa.PrimaryKeyConstraint('id'),
    )
    op.create_index(
        'one_running_shadow',
        'shadow',
        ['running'],
        unique=True,
        sqlite_where=sa.text('running'),
        postgresql_where=sa.text('running'),
    )
    op.create_table(
        'disagreement',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('shadow_id', sa.Integer(), nullable=False),
        sa.Column('signal_id', sa.Integer(), nullable=False),
        sa.Column('at', _utc(), nullable=False),
        sa.Column('found', worker.store.columns.Json, nullable=False),
        sa.PrimaryKeyConstraint('id'),
        sa.UniqueConstraint('shadow_id', 'signal_id', name='one_disagreement_each'),
    )


def downgrade() -> None:
    for table in ('disagreement', 'shadow', 'policy_version'):
        op.drop_table(table)
