"""Snoozes with choices, noise with a reason, and outsiders who pressed a button"""

from alembic import op
import sqlalchemy as sa
import sqlmodel.sql.sqltypes

import worker.store.columns

revision = '0013'
down_revision = '0012'
branch_labels = None
depends_on = None

_TEXT = sqlmodel.sql.sqltypes.AutoString
_OF_ALERT = ('snooze_zone', 'noise_reason', 'noise_words')


def upgrade() -> None:
    with op.batch_alter_table('alert') as batch_op:
        for name in _OF_ALERT:
            batch_op.add_column(sa.Column(name, _TEXT(), nullable=False, server_default=''))
    op.create_table(
        'outsider',
        sa.Column('surface', _TEXT(), nullable=False),
        sa.Column('address', _TEXT(), nullable=False),
        sa.Column('email', _TEXT(), nullable=False),
        sa.Column('presses', sa.Integer(), nullable=False),
        sa.Column('last_at', worker.store.columns.Utc(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint('surface', 'address'),
    )


def downgrade() -> None:
    op.drop_table('outsider')
    with op.batch_alter_table('alert') as batch_op:
        for name in _OF_ALERT:
            batch_op.drop_column(name)
