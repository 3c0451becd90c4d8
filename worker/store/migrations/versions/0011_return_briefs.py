"""Return briefs: what went past somebody who was away, and that they were told"""

from alembic import op
import sqlalchemy as sa
import sqlmodel.sql.sqltypes

import worker.store.columns

revision = '0011'
down_revision = '0010'
branch_labels = None
depends_on = None

_TEXT = sqlmodel.sql.sqltypes.AutoString
_OPEN = sa.text('brief_id IS NULL')


def _utc() -> worker.store.columns.Utc:
    return worker.store.columns.Utc(timezone=True)


def upgrade() -> None:
    op.create_table(
        'routed_past',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('person_id', _TEXT(), nullable=False),
        sa.Column('alert_id', _TEXT(), nullable=False),
        sa.Column('at', _utc(), nullable=False),
        sa.Column('cover_name', _TEXT(), nullable=False),
        sa.Column('cover_kind', _TEXT(), nullable=False),
        sa.Column('brief_id', _TEXT(), nullable=True),
        sa.PrimaryKeyConstraint('id'),
    )
    op.create_index('ix_routed_past_alert_id', 'routed_past', ['alert_id'])
    op.create_index('ix_routed_past_brief_id', 'routed_past', ['brief_id'])
    op.create_index(
        'one_open_row_per_person_and_alert',
        'routed_past',
        ['person_id', 'alert_id'],
        unique=True,
        sqlite_where=_OPEN,
        postgresql_where=_OPEN,
    )
    op.create_table(
        'return_brief',
        sa.Column('id', _TEXT(), nullable=False),
        sa.Column('person_id', _TEXT(), nullable=False),
        sa.Column('place', _TEXT(), nullable=False),
        sa.Column('since', _utc(), nullable=False),
        sa.Column('made_at', _utc(), nullable=False),
        sa.PrimaryKeyConstraint('id'),
    )
    op.create_index('ix_return_brief_person_id', 'return_brief', ['person_id'])
    op.add_column('delivery', sa.Column('brief_id', _TEXT(), nullable=True))
    op.create_index('one_delivery_per_brief', 'delivery', ['brief_id'], unique=True)


def downgrade() -> None:
    op.drop_index('one_delivery_per_brief', 'delivery')
    op.drop_column('delivery', 'brief_id')
    op.drop_table('return_brief')
    op.drop_table('routed_past')
