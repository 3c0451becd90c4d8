"""The life of an alert: whose its clock was, and reviews of open alerts"""

from alembic import op
import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from sqlalchemy.dialects import postgresql

import worker.store.columns

revision = '0009'
down_revision = '0008'
branch_labels = None
depends_on = None

_TEXT = sqlmodel.sql.sqltypes.AutoString


def _utc() -> worker.store.columns.Utc:
    return worker.store.columns.Utc(timezone=True)


def upgrade() -> None:
    op.create_table(
        'alert_holder',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('alert_id', _TEXT(), nullable=False),
        sa.Column('person_id', _TEXT(), nullable=True),
        sa.Column('name', _TEXT(), nullable=False),
        sa.Column('how', _TEXT(), nullable=False),
        sa.Column('week', sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), 'postgresql'), nullable=False),
        sa.Column('since', _utc(), nullable=False),
        sa.Column('until', _utc(), nullable=True),
        sa.Column('minutes', sa.Float(), nullable=True),
        sa.Column('working_minutes', sa.Float(), nullable=True),
        sa.PrimaryKeyConstraint('id'),
    )
    op.create_index('ix_alert_holder_alert_id', 'alert_holder', ['alert_id'])
    op.create_index('ix_alert_holder_person_id', 'alert_holder', ['person_id'])
    op.create_table(
        'review',
        sa.Column('alert_id', _TEXT(), nullable=False),
        sa.Column('due_at', _utc(), nullable=False),
        sa.PrimaryKeyConstraint('alert_id'),
    )
    op.create_index('ix_review_due_at', 'review', ['due_at'])
    op.add_column('alert', sa.Column('handed_at', _utc(), nullable=True))


def downgrade() -> None:
    op.drop_column('alert', 'handed_at')
    op.drop_table('review')
    op.drop_table('alert_holder')
