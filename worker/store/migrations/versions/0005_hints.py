"""Hints: what was hinted at, who listens to what, and how far"""

from alembic import op
import sqlalchemy as sa
import sqlmodel.sql.sqltypes

import worker.store.columns

revision = '0005'
down_revision = '0004'
branch_labels = None
depends_on = None

_TEXT = sqlmodel.sql.sqltypes.AutoString
_UTC = worker.store.columns.Utc


def upgrade() -> None:
    op.create_table(
        'hint',
        sa.Column('object', _TEXT(), nullable=False),
        sa.Column('hinted_at', _UTC(timezone=True), nullable=False),
        sa.Column('again_at', _UTC(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint('object'),
    )
    op.create_table(
        'hint_source',
        sa.Column('name', _TEXT(), nullable=False),
        sa.Column('holder', _TEXT(), nullable=False),
        sa.Column('lease_until', _UTC(timezone=True), nullable=True),
        sa.Column('next_at', _UTC(timezone=True), nullable=False),
        sa.Column('failures', sa.Integer(), nullable=False),
        sa.Column('error', _TEXT(), nullable=False),
        sa.Column('hinted_at', _UTC(timezone=True), nullable=True),
        sa.Column('hints', sa.Integer(), nullable=False),
        sa.Column('refused', sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint('name'),
    )
    op.create_table(
        'hint_position',
        sa.Column('source', _TEXT(), nullable=False),
        sa.Column('topic', _TEXT(), nullable=False),
        sa.Column('position', _TEXT(), nullable=False),
        sa.Column('moved_at', _UTC(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint('source', 'topic'),
    )


def downgrade() -> None:
    for table in ('hint_position', 'hint_source', 'hint'):
        op.drop_table(table)
