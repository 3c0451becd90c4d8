"""When each person's part of a source was read, and since when an object is to be read"""

from alembic import op
import sqlalchemy as sa
import sqlmodel.sql.sqltypes

import worker.store.columns

revision = '0012'
down_revision = '0011'
branch_labels = None
depends_on = None

_TEXT = sqlmodel.sql.sqltypes.AutoString


def _utc() -> worker.store.columns.Utc:
    return worker.store.columns.Utc(timezone=True)


def upgrade() -> None:
    op.create_table(
        'person_read',
        sa.Column('object', _TEXT(), nullable=False),
        sa.Column('person_id', _TEXT(), nullable=False),
        sa.Column('first_at', _utc(), nullable=False),
        sa.Column('last_at', _utc(), nullable=True),
        sa.Column('longest', sa.Float(), nullable=False),
        sa.Column('until', _utc(), nullable=True),
        sa.PrimaryKeyConstraint('object', 'person_id', 'first_at'),
    )
    op.add_column('watermark', sa.Column('since', _utc(), nullable=True))


def downgrade() -> None:
    op.drop_column('watermark', 'since')
    op.drop_table('person_read')
